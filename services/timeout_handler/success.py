"""A run that ended well, whose alert has no marker: the notifier failed, and perhaps the plain alert too."""

from __future__ import annotations

from services.timeout_handler.runs import Outcome, Runs
from services.timeout_handler.status_change import ENDS, job_id_of, job_of
from shared.alert import RunCompleted


def settle(arn: str, runs: Runs) -> Outcome:
    execution = runs.execution(arn)
    job_id = job_id_of(execution)
    if execution.status != "SUCCEEDED":
        return Outcome("not_over", job_id)
    if runs.was_told(job_id, execution.name, execution.redrive_count, *ENDS):
        return Outcome("already_told", job_id)
    runs.tell(
        RunCompleted.model_validate(
            {
                "job": job_of(execution),  # a run whose input is no job cannot have succeeded
                "execution_arn": arn,
                "execution_name": execution.name,
                "redrive_count": execution.redrive_count,
                "told_plainly": runs.was_told_plainly(arn),
            }
        )
    )
    return Outcome("told", job_id)
