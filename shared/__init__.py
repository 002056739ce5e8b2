"""The contract between the deployables: what two of them must understand alike, no more."""
