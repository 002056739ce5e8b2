"""`reconciliation-reconciliation`, as Glue starts it."""

from __future__ import annotations

import sys

from jobs.reconciliation.stage import ReconciliationArguments, run_reconciliation
from jobs.runtime import run_stage
from shared.layout import Stage

if __name__ == "__main__":
    sys.exit(
        run_stage(Stage.RECONCILIATION, ReconciliationArguments, run_reconciliation, sys.argv[1:])
    )
