"""An execution ended badly, says an event or the tick: was it kept, and told? If not, both are done here.

The event is a hint only: it comes late, twice, out of order, or never. What counts is what Step
Functions says now.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import BaseModel

from services.timeout_handler.runs import Execution, Outcome, Runs
from shared.alert import RunFailed
from shared.checkpoint import FailureReport, FailureStatus

# The alerts that tell a run's end.
ENDS = ("run_failed", "run_completed")
BAD_ENDS: tuple[FailureStatus, ...] = ("FAILED", "TIMED_OUT", "ABORTED")


class ExecutionDetail(BaseModel):
    executionArn: str


class StatusChange(BaseModel):
    """EventBridge's "Step Functions Execution Status Change"."""

    source: Literal["aws.states"]
    detail: ExecutionDetail


def settle(arn: str, runs: Runs) -> Outcome:
    execution = runs.execution(arn)
    job_id = job_id_of(execution)
    if execution.status not in BAD_ENDS:
        return Outcome("not_over", job_id)  # redriven since
    # Told or not: the state machine tells even what it could not keep. What is kept already stays as it is.
    report = _report(execution, runs.last_state(arn))
    location = runs.record(report)
    told = runs.was_told(job_id, execution.name, execution.redrive_count, *ENDS)
    if not told:
        runs.tell(_alert(report, execution, location, runs.was_told_plainly(arn)))
    # Last, because people must hear of it even where Glue does not answer.
    live = runs.live_glue_runs(execution.name)
    runs.stop(live)
    return Outcome("already_told" if told else "told", job_id, location, len(live))


def job_id_of(execution: Execution) -> str:
    """The input's, where it is one; else the execution's name, as the state machine has it."""
    job_id = job_of(execution)["job_id"]
    if isinstance(job_id, str) and re.fullmatch(r"[0-9A-Za-z_-]{1,76}", job_id):
        return job_id
    return re.sub(r"[^0-9A-Za-z_-]", "_", execution.name)[:76]


def job_of(execution: Execution) -> dict[str, Any]:
    try:
        document = json.loads(execution.input)
    except ValueError:
        document = None
    return {"job_id": execution.name, **(document if isinstance(document, dict) else {})}


def _report(execution: Execution, state: str | None) -> FailureReport:
    # Step Functions allows names that ours never have: such a run left nothing in S3.
    named = re.fullmatch(r"[0-9A-Za-z_-]+", execution.name)
    return FailureReport.model_validate(
        {
            "job_id": job_id_of(execution),
            "state": state or "UNKNOWN",
            "status": execution.status,
            "error": {"Error": _error_name(execution), "Cause": execution.cause},
            "execution_arn": execution.arn,
            "execution_name": execution.name if named else None,
            "redrive_count": execution.redrive_count,
            "job": job_of(execution),
            "occurred_at": execution.stopped_at,
        }
    )


def _error_name(execution: Execution) -> str:
    """A limit of the whole machine leaves no error, and a person who stops a run seldom does."""
    return execution.error or {"TIMED_OUT": "States.Timeout"}.get(execution.status, "UNKNOWN")


def _alert(
    report: FailureReport, execution: Execution, location: str, told_plainly: bool
) -> RunFailed:
    return RunFailed(
        job_id=report.job_id,
        job=report.job,
        status=report.status,
        state=report.state,
        error=report.error,
        execution_arn=execution.arn,
        execution_name=execution.name,
        redrive_count=execution.redrive_count,
        checkpoint_location=location,
        told_plainly=told_plainly,
    )
