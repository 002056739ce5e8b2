"""The three Glue jobs, each a process with `--key value` arguments."""

from __future__ import annotations

import os

# The threads of numpy's linear algebra, which nothing here uses, spin while they wait: a tenth of a second of each run.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
