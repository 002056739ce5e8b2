"""`reconciliation-quicksight-prep`, as Glue starts it."""

from __future__ import annotations

import sys

from jobs.quicksight_prep.stage import PrepArguments, prepare
from jobs.runtime import run_stage
from shared.layout import Stage

if __name__ == "__main__":
    sys.exit(run_stage(Stage.QUICKSIGHT_PREP, PrepArguments, prepare, sys.argv[1:]))
