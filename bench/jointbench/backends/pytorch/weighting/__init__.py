"""Training loops whose losses are weighed anew in every step or epoch, a method a file."""
