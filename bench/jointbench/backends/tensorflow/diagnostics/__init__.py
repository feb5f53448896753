"""What only `explain` and the engine's benchmark ask of TensorFlow."""
