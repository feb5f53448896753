"""How often verdicts are right: simulated, and by training on known truth."""
