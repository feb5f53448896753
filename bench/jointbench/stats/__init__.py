"""Statistics over arrays; nothing here knows a record."""
