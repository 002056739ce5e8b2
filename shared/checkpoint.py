"""What is left in S3 when a run ends badly: what failed, how far it came, how to go on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.contract import Contract, ExecutionName, Instant, JobId
from shared.job_event import JobEvent
from shared.layout import Stage
from shared.manifest import StageError

FailureStatus = Literal["FAILED", "TIMED_OUT", "ABORTED"]


def _none_where_invalid(value: Any, validate: ValidatorFunctionWrapHandler) -> JobEvent | None:
    try:
        event: JobEvent | None = validate(value)
    except ValidationError:
        return None
    return event


# A run may have failed because its input was wrong: that must not keep it from being reported.
ReportedJob = Annotated[JobEvent | None, WrapValidator(_none_where_invalid)]


class ErrorOutput(Contract):
    """Step Functions' `$states.errorOutput`."""

    Error: str = "UNKNOWN"
    Cause: str | None = None


class FailureReport(Contract):
    """What the state machine hands to checkpoint and timeout_handler.

    By hand, `job_id` alone is enough.
    """

    job_id: JobId
    state: str = Field(
        default="UNKNOWN", description="the state that failed, never the one that reports it"
    )
    status: FailureStatus = "FAILED"
    error: ErrorOutput = ErrorOutput()
    reason: str | None = None
    execution_arn: str | None = None
    execution_name: ExecutionName | None = None
    redrive_count: int = 0
    job: ReportedJob = None
    occurred_at: Instant | None = Field(
        default=None, description="where it is reported late; else the moment it is recorded"
    )


class FailureError(Contract):
    """name: as Step Functions names it; message: for people; cause: parsed where it was JSON."""

    name: str
    message: str
    cause: JsonValue = None
    stage_error: StageError | None = None


class StageProgress(Contract):
    """A stage that was done. Without seconds and rows where its manifest could not be read."""

    stage: Stage
    manifest: str = Field(description="s3:// address")
    seconds: float | None = None
    rows: int | None = None


class Failure(Contract):
    """One execution's bad end."""

    timestamp: Instant
    status: FailureStatus
    state: str
    error: FailureError
    progress: tuple[StageProgress, ...] = Field(description="the stages that were done, in order")
    execution_arn: str | None = None
    execution_name: str | None = None
    redrive_count: int = 0


class Checkpoint(Failure):
    """`<job_id>/checkpoint.json`: the latest failure on top, those before it in `earlier`."""

    schema_version: Literal[1] = 1
    job_id: JobId
    event: JobEvent | None = None
    attempts: int = Field(ge=1, description="bad ends of this job, this one included")
    resume: str = Field(description="the command that goes on from here")
    earlier: tuple[Failure, ...] = Field(default=(), description="newest first")
