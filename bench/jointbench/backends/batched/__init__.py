"""The training engine: many networks in one batched program."""
