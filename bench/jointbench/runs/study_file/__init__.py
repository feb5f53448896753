"""Study files: a run's options written down in TOML, read, checked and written."""
