"""An arm trained on all rows and written as files that a service loads without jointbench."""
