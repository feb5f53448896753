"""Reports: the only place that turns a run's numbers into words, tables and figures. Nothing is computed here."""
