"""The content of summary.json."""
