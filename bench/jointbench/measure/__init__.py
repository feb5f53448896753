"""Clocks, memory and system load: measuring primitives that know no backend."""
