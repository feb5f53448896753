"""What runs inside a worker to be timed or weighed."""
