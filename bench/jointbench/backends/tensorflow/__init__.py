"""TensorFlow through Keras."""
