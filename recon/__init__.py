"""The `recon` command, and the embedded AWS that it can start."""
