"""Break-even study: from what width on does the saving of sharing follow the FLOPs?"""
