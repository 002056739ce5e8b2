"""Takes uploads in: each one becomes a run, or somebody is told why not."""
