"""Keeps what failed, how far the run came and how to go on."""
