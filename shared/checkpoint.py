"""What is left in S3 when a run ends badly: what failed, how far it came, how to go on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from shared.contract import Contract, ExecutionName, Instant, JobId
from shared.job_event import JobEvent
from shared.layout import Stage
from shared.manifest import StageError

FailureStatus = Literal["FAILED", "TIMED_OUT", "ABORTED"]


class ErrorOutput(Contract):
    """Step Functions' `$states.errorOutput`."""

    Error: str = "UNKNOWN"
    Cause: str | None = None


class FailureReport(Contract):
    """What the state machine hands to checkpoint and timeout_handler. By hand, `job_id` will do."""

    job_id: JobId
    state: str = Field(
        default="UNKNOWN", description="the state that failed, never the one that reports it"
    )
    status: FailureStatus = "FAILED"
    error: ErrorOutput = ErrorOutput()
    reason: str | None = None
    execution_arn: str | None = None
    execution_name: ExecutionName | None = None
    job: JobEvent | None = None


class FailureError(Contract):
    """name: as Step Functions names it; message: for people; cause: parsed where it was JSON."""

    name: str
    message: str
    cause: JsonValue = None
    stage_error: StageError | None = None


class StageProgress(Contract):
    stage: Stage
    manifest: str = Field(description="s3:// address")
    seconds: float
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


class Checkpoint(Failure):
    """`<job_id>/checkpoint.json`: the latest failed execution on top, older ones in `earlier`."""

    schema_version: Literal[1] = 1
    job_id: JobId
    event: JobEvent | None = None
    attempts: int = Field(ge=1, description="executions of this job that ended badly")
    resume: str = Field(description="the command that goes on from here")
    earlier: tuple[Failure, ...] = ()
