"""From a report of a failure to the checkpoint that is kept: pure, for all who record or tell one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime

from pydantic import JsonValue, TypeAdapter

from shared.checkpoint import (
    Checkpoint,
    Failure,
    FailureError,
    FailureReport,
    StageProgress,
)
from shared.layout import STAGE_OF_STATE, Stage
from shared.manifest import (
    Manifest,
    QuickSightFigures,
    ReconciliationFigures,
    StageError,
    ValidationFigures,
)

UNKNOWN = "UNKNOWN"
# They report a failure. One of them as the failing state says nothing about where the run failed.
REPORTING_STATES = frozenset(
    {UNKNOWN, "SaveCheckpoint", "TimeoutFailure", "NotifyFailure", "AlertFailurePlainly", "Failure"}
)
# In them the state machine tells by itself what the notifier could not.
PLAIN_ALERTS = frozenset({"AlertSuccessPlainly", "AlertFailurePlainly"})
_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_STATE_OF_STAGE = {stage: state for state, stage in STAGE_OF_STATE.items()}


def failing_stages(state: str) -> tuple[Stage, ...]:
    """The stages whose `error.json` may explain a failure of this state."""
    if state in REPORTING_STATES:
        return tuple(Stage)
    return (STAGE_OF_STATE[state],) if state in STAGE_OF_STATE else ()


def describe(
    report: FailureReport,
    progress: Iterable[StageProgress],
    stage_error: StageError | None,
    now: datetime,
) -> Failure:
    """One failure as it is kept. A stage that explained itself also says which state failed."""
    state = report.state
    if state in REPORTING_STATES:
        state = _STATE_OF_STAGE[stage_error.stage] if stage_error else UNKNOWN
    cause = parse_cause(report.error.Cause)
    return Failure(
        timestamp=report.occurred_at or now,
        status=report.status,
        state=state,
        error=FailureError(
            name=report.error.Error,
            message=_message(report, cause, stage_error),
            cause=cause,
            stage_error=stage_error,
        ),
        progress=tuple(progress),
        execution_arn=report.execution_arn,
        execution_name=report.execution_name,
        redrive_count=report.redrive_count,
    )


def merge(existing: Checkpoint | None, failure: Failure, report: FailureReport) -> Checkpoint:
    """The job's checkpoint with this failure in it, newest on top; `existing` if it adds nothing."""
    known = (_without_history(existing), *existing.earlier) if existing else ()
    twin = next((each for each in known if _identity(each) == _identity(failure)), None)
    if existing and twin and (twin.state != UNKNOWN or failure.state == UNKNOWN):
        return existing
    others = [each for each in known if each is not twin]
    top, *earlier = sorted([failure, *others], key=lambda each: each.timestamp, reverse=True)
    return Checkpoint(
        **dict(top),
        job_id=report.job_id,
        event=report.job or (existing.event if existing else None),
        attempts=1 + len(earlier),
        resume=f"recon resume {report.job_id}",
        earlier=tuple(earlier),
    )


def failure_of(checkpoint: Checkpoint, execution_name: str | None) -> Failure | None:
    """The latest failure of that execution, the top one where the execution is not known."""
    failures = (checkpoint, *checkpoint.earlier)
    return next((each for each in failures if execution_name in (None, each.execution_name)), None)


def stage_progress(stage: Stage, address: str, manifest: Manifest) -> StageProgress:
    return StageProgress(
        stage=stage, manifest=address, seconds=manifest.seconds, rows=_rows(manifest)
    )


def parse_cause(cause: str | None) -> JsonValue:
    """Glue's JobRun and a Lambda's error come as JSON objects; all else stays the text it is."""
    if not cause:
        return None
    try:
        parsed = _OBJECT.validate_json(cause)
        json.dumps(parsed, allow_nan=False)
    except ValueError:  # pydantic's own error is one: no JSON, no object, or nested without end
        return cause
    return parsed


def _message(report: FailureReport, cause: JsonValue, stage_error: StageError | None) -> str:
    """The best words there are: the stage's own, the reporter's, the cause's, at last the name."""
    if stage_error:
        return stage_error.message
    if report.reason:
        return report.reason
    if isinstance(cause, dict):
        for key in ("ErrorMessage", "errorMessage"):
            if isinstance(text := cause.get(key), str) and text:
                return text
        if state := cause.get("JobRunState"):
            return f"A execução do Glue terminou como {state}."
    if isinstance(cause, str):
        # JSONata puts the number of `$error` before what our own expression said.
        return re.sub(r"^.*?\bD3137: ", "", cause, flags=re.DOTALL)
    return _WORDS.get(report.error.Error, report.error.Error)


_WORDS = {
    "States.Timeout": "Timeout de 20 minutos excedido",
    UNKNOWN: "A causa não foi informada.",
}


def _identity(failure: Failure) -> tuple[object, ...]:
    """One end of one execution, reported once or often. Without a name only its content tells."""
    if failure.execution_name:
        return (failure.execution_name, failure.redrive_count)
    error = failure.error
    return (None, failure.state, failure.status, error.name, error.cause)


def _without_history(checkpoint: Checkpoint) -> Failure:
    return Failure(**{name: getattr(checkpoint, name) for name in Failure.model_fields})


def _rows(manifest: Manifest) -> int:
    match manifest.figures:
        case ValidationFigures(entries=entries):
            return entries
        case ReconciliationFigures(currencies=currencies):
            return sum(each.rows_a + each.rows_b for each in currencies)
        case QuickSightFigures(tables=tables):
            return sum(tables.values())
