"""The self-test: measures ratios that are known beforehand, to decide whether timings here can be trusted."""
