"""What makes an upload count once: receipts (what became of it), claims (who owns the bytes)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contract import Contract, Instant, ProfileName, Sha256
from shared.job_event import JobEvent

IntakeOutcome = Literal["started", "duplicate", "refused"]


class Upload(Contract):
    """One version of one object. version: S3's version id, else the event's sequencer."""

    bucket: str
    key: str
    version: str
    size: int | None = Field(default=None, ge=0)


class Receipt(Contract):
    """`intake/receipts/…`: written last, so its absence means the upload was not dealt with."""

    schema_version: Literal[1] = 1
    upload: Upload
    outcome: IntakeOutcome
    received_at: Instant = Field(description="the event's own time")
    file_hash: Sha256 | None = None
    profile: ProfileName | None = None
    job_id: str | None = Field(default=None, description="the job that owns the bytes")
    execution_name: str | None = None
    code: str | None = Field(default=None, description="why it was refused")


class Claim(Contract):
    """`intake/claims/…/<nnn>.json`: an attempt on these bytes; the last record owns them."""

    schema_version: Literal[1] = 1
    number: int = Field(ge=0)
    origin: Literal["upload", "resume", "rerun", "retract"] = "upload"
    event: JobEvent
    upload: Upload


# Alert requests of the intake. Those of runs are in shared.alert, which loads manifests and
# checkpoints: 20 ms of a cold start that whoever takes uploads in need not pay.


class UploadDuplicate(Contract):
    """These bytes are already owned by `job_id`; nothing was started."""

    kind: Literal["upload_duplicate"] = "upload_duplicate"
    upload: Upload
    profile: ProfileName
    file_hash: str
    job_id: str
    owner: Upload
    running: bool = Field(description="whether the owner's execution still runs")


class UploadRefused(Contract):
    """code, message, hint: why, and what to do (pt-BR)."""

    kind: Literal["upload_refused"] = "upload_refused"
    upload: Upload
    profile: str | None = None
    code: str
    message: str
    hint: str | None = None

    @property
    def job_id(self) -> None:
        """Nothing was started."""
