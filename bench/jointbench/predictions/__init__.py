"""Verdicts on anyone's out-of-fold predictions: a long table becomes records, and the records are compared as ever."""
