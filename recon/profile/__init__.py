"""A profile before a run: which one is meant, what a new one could be, and whether it is right."""
