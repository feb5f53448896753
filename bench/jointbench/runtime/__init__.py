"""The machine: worker processes, devices, environment."""
