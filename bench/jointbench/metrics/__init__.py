"""Quality metrics, and reference models to compare the networks with."""
