"""The job event: input of the state machine, and the one schema that every part of a run shares."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contract import Contract, ExecutionName, JobId, ProfileName

LATEST = "latest"


class JobEvent(Contract):
    """One attempt at reconciling one object.

    Only the first four fields are required, so that a run can be started by hand. The JSON of an
    upload's event is always the same bytes: StartExecution compares inputs, so it holds no clock
    and no receive count.
    """

    schema_version: Literal[1] = 1
    job_id: JobId
    bucket_name: str = Field(min_length=3, max_length=63)
    object_key: str = Field(min_length=1, max_length=1024)
    file_hash: str = Field(
        min_length=1, max_length=128, description="SHA-256 (hex) of the object's bytes"
    )
    object_version: str = Field(default=LATEST, description="S3 version id, or `latest`")
    object_size: int | None = Field(default=None, ge=0, description="bytes")
    profile: ProfileName = "default"
    attempt: int = Field(default=0, ge=0)
    force: bool = Field(
        default=False, description="run every stage again, even where its manifest exists"
    )
    reason: str | None = Field(default=None, max_length=500)

    @property
    def execution_name(self) -> ExecutionName:
        return f"{self.job_id}-R{self.attempt}" if self.attempt else self.job_id

    @property
    def version_id(self) -> str | None:
        """The S3 version to read; None reads the newest."""
        return None if self.object_version == LATEST else self.object_version
