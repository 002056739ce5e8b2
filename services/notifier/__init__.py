"""Tells people, in Portuguese, how a run or an upload ended."""
