"""From what a user asks for to a folder of results."""
