"""Quality, FLOPs and time: what is measured, and how."""
