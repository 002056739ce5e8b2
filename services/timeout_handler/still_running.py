"""A run that has used up most of its time: people hear of it while it still runs, once."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.timeout_handler.runs import Outcome, Runs
from services.timeout_handler.status_change import job_id_of, job_of
from shared.alert import RunLate


def late_after(limit: timedelta) -> timedelta:
    """18 of the 20 minutes."""
    return limit * 0.9


def warn(arn: str, began_at: datetime, limit: timedelta, runs: Runs, now: datetime) -> Outcome:
    execution = runs.execution(arn)
    job_id = job_id_of(execution)
    if execution.status != "RUNNING":
        return Outcome("already_told", job_id)  # its end has been told, or will be
    if runs.was_told(job_id, execution.name, execution.redrive_count, "run_late"):
        return Outcome("already_told", job_id)
    runs.tell(
        RunLate.model_validate(
            {
                "job_id": job_id,
                "job": job_of(execution),
                "state": runs.last_state(arn) or "UNKNOWN",
                "minutes": (now - began_at) // timedelta(minutes=1),
                "ends_at": began_at + limit,
                "execution_arn": arn,
                "execution_name": execution.name,
                "redrive_count": execution.redrive_count,
            }
        )
    )
    return Outcome("late", job_id)
