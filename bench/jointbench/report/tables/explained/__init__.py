"""The tables of the answers to the questions about sharing, one file a question."""
