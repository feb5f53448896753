"""A study: planning, training, timing, and the records that come of it."""
