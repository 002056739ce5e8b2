"""The embedded AWS: MiniStack in a process of its own, corrected where it differs from AWS, and the
deploy to it.
"""
