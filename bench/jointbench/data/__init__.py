"""From a file to a typed Dataset, and from a Dataset and a split to the arrays that a network trains on."""
