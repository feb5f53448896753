"""A run against a committed baseline: what got larger, slower or worse, and what was not measured."""
