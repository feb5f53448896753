"""The frameworks. Only the packages below import one, and only inside a process that trains or times."""
