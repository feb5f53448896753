"""How good predictions are, and reference models to hold them against."""
