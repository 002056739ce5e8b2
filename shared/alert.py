"""What people are told. AlertRequest goes to the notifier; Alert is what every subscriber gets."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from shared.checkpoint import ErrorOutput, FailureStatus, ReportedJob
from shared.contract import Contract, Instant, ProfileName
from shared.intake import UploadDuplicate as UploadDuplicate
from shared.intake import UploadRefused as UploadRefused
from shared.job_event import JobEvent

Severity = Literal["INFO", "WARNING", "CRITICAL"]
AlertStatus = Literal[
    "SUCCESS",
    "FAILED",
    "TIMED_OUT",
    "ABORTED",
    "RETRACTED",
    "DUPLICATE",
    "REFUSED",
    "RUNNING",
    "OVERDUE",
    "STALE",
    "DIGEST",
]


class RunCompleted(Contract):
    """The run's three manifests hold the figures."""

    kind: Literal["run_completed"] = "run_completed"
    job: JobEvent
    execution_arn: str
    execution_name: str
    redrive_count: int = 0
    told_plainly: bool = Field(
        default=False, description="whether the state machine told its end by itself"
    )

    @property
    def job_id(self) -> str:
        return self.job.job_id

    @property
    def profile(self) -> str:
        return self.job.profile


class RunLate(Contract):
    """Most of its time is over and it still runs; `state`: where it stands."""

    kind: Literal["run_late"] = "run_late"
    job_id: str
    job: ReportedJob = None
    state: str
    minutes: int = Field(ge=0, description="that it has run, whole ones")
    ends_at: Instant = Field(description="when it is stopped if it still runs then")
    execution_arn: str
    execution_name: str
    redrive_count: int = 0

    @property
    def profile(self) -> str | None:
        return self.job.profile if self.job else None


class RunFailed(Contract):
    """`state` and `error` are the failing state's; the checkpoint, where saved, holds the rest."""

    kind: Literal["run_failed"] = "run_failed"
    job_id: str
    job: ReportedJob = None
    status: FailureStatus
    state: str
    error: ErrorOutput
    execution_arn: str | None = None
    execution_name: str
    redrive_count: int = 0
    checkpoint_location: str | None = None
    told_plainly: bool = Field(
        default=False, description="whether the state machine told its end by itself"
    )

    @property
    def profile(self) -> str | None:
        return self.job.profile if self.job else None


class RunRetracted(Contract):
    """A result was taken back. Why is on the record, not here: it is somebody's free text."""

    kind: Literal["run_retracted"] = "run_retracted"
    job: JobEvent
    execution_name: str
    redrive_count: int = 0
    removed: int = Field(ge=0, description="curated objects that held its rows")

    @property
    def job_id(self) -> str:
        return self.job.job_id

    @property
    def profile(self) -> str:
        return self.job.profile


class FileOverdue(Contract):
    """A profile expects a file by that hour of that day (São Paulo), and none came."""

    kind: Literal["file_overdue"] = "file_overdue"
    profile: ProfileName
    day: date
    by: str = Field(description="HH:MM")

    @property
    def job_id(self) -> None:
        """Nothing was started."""


class RefreshFailed(Contract):
    """A dashboard that does not show what the curated tables hold. It is tried again; no run has failed."""

    kind: Literal["refresh_failed"] = "refresh_failed"
    day: date = Field(description="on which it is told (São Paulo)")
    ingestion_id: str = Field(description="the same in every data set")
    started_at: Instant
    reasons: dict[str, str] = Field(description="data set → QuickSight's own code of the error")

    @property
    def job_id(self) -> None:
        """Of many."""

    @property
    def profile(self) -> None:
        """Of many."""


class Digest(Contract):
    """What became of the runs that ended in the day before `until`. It comes although nothing happened."""

    kind: Literal["digest"] = "digest"
    day: date = Field(description="on which it is told (São Paulo)")
    until: Instant
    verdicts: dict[str, int] = Field(description="verdict → runs; `?` where it could not be read")
    failures: dict[str, int] = Field(description="FAILED, TIMED_OUT, ABORTED → runs")
    running: int
    overdue: tuple[ProfileName, ...] = Field(
        description="profiles whose file did not come that day"
    )

    @property
    def job_id(self) -> None:
        """Of many."""

    @property
    def profile(self) -> None:
        """Of many."""


AlertRequest = Annotated[
    RunCompleted
    | RunLate
    | RunFailed
    | RunRetracted
    | UploadDuplicate
    | UploadRefused
    | FileOverdue
    | RefreshFailed
    | Digest,
    Field(discriminator="kind"),
]
ALERT_REQUEST: TypeAdapter[AlertRequest] = TypeAdapter(AlertRequest)


class Alert(Contract):
    """The envelope, the same for every kind: machines read it as the `default`/SQS form."""

    schema_version: Literal[1] = 1
    kind: str
    severity: Severity
    status: AlertStatus
    job_id: str | None = None
    profile: str | None = None
    verdict: str | None = None
    timestamp: Instant
    message: str
    test: bool = Field(default=False, description="whether `recon check` sent the file")
    results: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class AlertMarker(Contract):
    """Left where an alert went out, so that none of its kind goes out again."""

    schema_version: Literal[1] = 1
    kind: str
    severity: Severity
    subject: str
    message_id: str | None = Field(
        description="SNS's own; null where a notifier died as it published, and the state machine told the end plainly"
    )
    published_at: Instant
