"""What only `explain` and the engine's benchmark use of PyTorch."""
