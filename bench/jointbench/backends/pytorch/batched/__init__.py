"""The PyTorch half of the training engine."""
