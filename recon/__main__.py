"""`python -m recon`, and what `.venv/bin/recon` runs."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    # What a command makes mostly stays until it ends: to look for garbage in it took a fifth of its start.
    gc.set_threshold(100_000)
    from recon.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
