"""What the three occasions need to know of executions and Glue runs, and what they can do about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.alert import AlertRequest
from shared.checkpoint import FailureReport


@dataclass(frozen=True)
class Execution:
    """`input`, `error` and `cause` are Step Functions' own texts; somebody may have written them by hand."""

    arn: str
    name: str
    status: str
    input: str
    error: str | None
    cause: str | None
    stopped_at: datetime | None
    redrive_count: int


@dataclass(frozen=True)
class GlueRun:
    """A run that is not over. waiting: it is still in Glue's own queue."""

    job: str
    id: str
    waiting: bool


@dataclass(frozen=True)
class Outcome:
    """What became of one execution, of one missed upload, of a file that did not come, or of a refresh."""

    outcome: Literal[
        "timed_out",
        "told",
        "already_told",
        "not_over",
        "late",
        "upload_resent",
        "file_overdue",
        "digest",
        "refreshed",
        "refresh_failed",
    ]
    job_id: str | None = None
    checkpoint_location: str | None = None
    stopped_glue_runs: int = 0
    object_key: str | None = None
    profile: str | None = None


class Runs(Protocol):
    def execution(self, arn: str) -> Execution: ...

    def last_state(self, arn: str) -> str | None:
        """The last state that was entered, those that report a failure left out."""
        ...

    def live_glue_runs(self, execution_name: str) -> Sequence[GlueRun]: ...

    def stop(self, runs: Sequence[GlueRun]) -> None: ...

    def record(self, report: FailureReport) -> str:
        """Keeps the checkpoint and says where."""
        ...

    def was_told(self, job_id: str, execution_name: str, redrive_count: int, *kinds: str) -> bool:
        """Whether an alert of one of these kinds went out about this run."""
        ...

    def was_told_plainly(self, arn: str) -> bool:
        """Whether the state machine told its end by itself, because the notifier failed."""
        ...

    def tell(self, alert: AlertRequest) -> None: ...
