"""Reads what the stages of a run left in the data bucket. The S3 client is the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from shared.contract import Contract
from shared.errors import ReconError
from shared.layout import Stage, manifest_key, stage_error_key
from shared.manifest import Manifest, StageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

C = TypeVar("C", bound=Contract)


class UnreadableError(ReconError):
    """An object of ours has another form than we know. A retry does not help."""

    code = "UNREADABLE"


class RunStore:
    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def address(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def manifest(self, job_id: str, execution: str, stage: Stage) -> Manifest | None:
        """None where the stage was not done. Raises UnreadableError."""
        return self._read(Manifest, manifest_key(job_id, execution, stage))

    def stage_error(self, job_id: str, execution: str, stage: Stage) -> StageError | None:
        """None where the stage did not explain itself. Raises UnreadableError."""
        return self._read(StageError, stage_error_key(job_id, execution, stage))

    def _read(self, model: type[C], key: str) -> C | None:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
        try:
            return model.from_json(body)
        except ValidationError as error:
            raise UnreadableError(f"Não foi possível ler {self.address(key)}.") from error
