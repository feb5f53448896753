"""The forum's own run, `energy-forum`."""
