"""Ends what ran out of time or was stopped, and finds what no event told."""
