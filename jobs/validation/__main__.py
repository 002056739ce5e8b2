"""`reconciliation-validation`, as Glue starts it."""

from __future__ import annotations

import sys

from jobs.runtime import run_stage
from jobs.validation.stage import ValidationArguments, run_validation
from shared.layout import Stage

if __name__ == "__main__":
    sys.exit(run_stage(Stage.VALIDATION, ValidationArguments, run_validation, sys.argv[1:]))
