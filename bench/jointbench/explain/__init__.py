"""The questions about sharing, each answered by a measurement."""
