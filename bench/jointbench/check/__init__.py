"""A run against a committed baseline."""
