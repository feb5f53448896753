"""The TensorFlow half of the training engine."""
