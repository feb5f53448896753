"""Break-even study: from which width on does the time saved by sharing follow the FLOPs saved?"""
