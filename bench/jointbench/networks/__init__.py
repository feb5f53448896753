"""Networks before any framework: shapes, arms, recipes, initial weights and FLOPs."""
