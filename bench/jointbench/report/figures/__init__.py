"""Figures: one module for each, all drawn as SVG text that takes on the page's own ink and fonts."""
