"""Keeps a job's checkpoint, whoever else writes it meanwhile. The S3 client is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from shared.checkpoint import Checkpoint, Failure, FailureReport, StageProgress
from shared.checkpointing import describe, failing_stages, merge, stage_progress
from shared.errors import ReconError
from shared.layout import Stage, checkpoint_key, manifest_key
from shared.manifest import StageError
from shared.run_store import RunStore, UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PUTS = 6  # each lost one means that another writer got through


class CheckpointConflictError(ReconError):
    """Others wrote the same checkpoint again and again. A retry helps."""

    code = "CHECKPOINT_CONFLICT"


class CheckpointStore:
    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def address(self, job_id: str) -> str:
        return f"s3://{self._bucket}/{checkpoint_key(job_id)}"

    def load(self, job_id: str) -> Checkpoint | None:
        """None where there is none, or none that we can read."""
        return self._load(job_id)[0]

    def update(self, job_id: str, change: Callable[[Checkpoint | None], Checkpoint]) -> Checkpoint:
        """Writes what `change` makes of the present checkpoint, if that is something else."""
        for _ in range(_PUTS):
            existing, etag = self._load(job_id)
            checkpoint = change(existing)
            if checkpoint == existing or self._put(checkpoint, etag):
                return checkpoint
        raise CheckpointConflictError(f"{self.address(job_id)} mudou {_PUTS} vezes seguidas.")

    def _load(self, job_id: str) -> tuple[Checkpoint | None, str | None]:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=checkpoint_key(job_id))
        except self._s3.exceptions.NoSuchKey:
            return None, None
        try:
            return Checkpoint.from_json(found["Body"].read()), found["ETag"]
        except ValidationError:
            # Written over; the bucket keeps the version.
            return None, found["ETag"]

    def _put(self, checkpoint: Checkpoint, etag: str | None) -> bool:
        """False where another writer was first."""
        body = checkpoint.to_json().encode()
        key = checkpoint_key(checkpoint.job_id)
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                **condition,  # type: ignore[arg-type]  # a plain dict: the stubs want each key named
            )
        except self._s3.exceptions.ClientError as error:
            # 412: its condition does not hold; 409: another conditional write is under way.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True


def record_failure(
    report: FailureReport, runs: RunStore, checkpoints: CheckpointStore, now: datetime
) -> Checkpoint:
    failure = observe_failure(report, runs, now)
    return checkpoints.update(report.job_id, lambda existing: merge(existing, failure, report))


def observe_failure(report: FailureReport, runs: RunStore, now: datetime) -> Failure:
    """A failure with all that the run itself left to explain it."""
    # A first attempt is named like its job: the best guess where the report names no execution.
    execution = report.execution_name or report.job_id
    progress = _progress(runs, report.job_id, execution)
    done = {each.stage for each in progress}
    return describe(report, progress, _stage_error(runs, report, execution, done), now)


def _progress(runs: RunStore, job_id: str, execution: str) -> list[StageProgress]:
    found = []
    for stage in Stage:
        address = runs.address(manifest_key(job_id, execution, stage))
        try:
            manifest = runs.manifest(job_id, execution, stage)
        except UnreadableError:
            # It is there, so the stage was done.
            found.append(StageProgress(stage=stage, manifest=address))
            continue
        if manifest:
            found.append(stage_progress(stage, address, manifest))
    return found


def _stage_error(
    runs: RunStore, report: FailureReport, execution: str, done: set[Stage]
) -> StageError | None:
    for stage in failing_stages(report.state):
        if stage in done:
            continue  # what it once complained about is mended
        try:
            error = runs.stage_error(report.job_id, execution, stage)
        except UnreadableError:
            continue  # the report's own words remain
        if error:
            return error
    return None
