"""Runs a Glue job's module as `python -m` would, and ends with the emulator.

A job killed only by a signal would outlive an emulator that was itself killed; the pipe on stdin
closes however the emulator ends, on Linux and on macOS.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from pathlib import Path


def end_with_parent() -> None:
    os.read(0, 1)  # returns at end of file only: nothing is ever written
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    module, arguments = sys.argv[1], sys.argv[2:]
    sys.argv = [module, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(module, run_name="__main__", alter_sys=True)
