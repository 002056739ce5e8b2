"""The trigger's only way to AWS: S3 (uploads, receipts, claims, profiles), Step Functions, the notifier, its queue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from services.trigger.admission import ArchivedObjectError, Digest
from services.trigger.intake import Execution
from services.trigger.notification import Arrival
from services.trigger.settings import TriggerSettings
from shared import layout
from shared.intake import Claim, Receipt, Upload, UploadDuplicate, UploadRefused
from shared.job_event import JobEvent
from shared.upload_key import TIME_ZONE

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef, ObjectTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# Well inside the function's 120 s, so that a hanging call ends as an error that the log names.
_CLIENTS = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
)
_CHUNK = 1 << 20
# A key that is overwritten for years has thousands of receipts. Events overtake each other by seconds, so what the
# key held just before is among the receipts that were written last.
_RECENT_RECEIPTS = 10
_ENDED = {
    "SUCCEEDED": Execution.SUCCEEDED,
    "FAILED": Execution.ENDED_BADLY,
    "TIMED_OUT": Execution.ENDED_BADLY,
    "ABORTED": Execution.ENDED_BADLY,
}


class Gateway:
    """services.trigger.admission.Aws, on the real services."""

    def __init__(
        self,
        settings: TriggerSettings,
        s3: S3Client,
        stepfunctions: SFNClient,
        functions: LambdaClient,
    ) -> None:
        self._settings = settings
        self._s3 = s3
        self._stepfunctions = stepfunctions
        self._functions = functions

    @classmethod
    def connect(cls, settings: TriggerSettings) -> Self:
        return cls(
            settings,
            boto3.client("s3", config=_CLIENTS),
            boto3.client("stepfunctions", config=_CLIENTS),
            boto3.client("lambda", config=_CLIENTS),
        )

    # The upload

    def digest(self, arrival: Arrival) -> Digest | None:
        """Streams: memory does not grow with the file. Who deleted a file does not want it any more, though its
        version can still be read."""
        if arrival.version_id and self._is_deleted(arrival.upload):
            return None
        where: GetObjectRequestTypeDef = {
            "Bucket": arrival.upload.bucket,
            "Key": arrival.upload.key,
        }
        if arrival.version_id:
            where["VersionId"] = arrival.version_id
        try:
            answer = self._s3.get_object(**where)
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "NoSuchVersion"):
                return None
            if _code(error) == "InvalidObjectState":
                raise ArchivedObjectError(
                    "O arquivo foi enviado a uma classe de armazenamento que não se lê na hora (Glacier).",
                    hint="Envie o arquivo de novo na classe padrão (STANDARD).",
                ) from error
            raise
        sha256, size = hashlib.sha256(), 0
        for chunk in answer["Body"].iter_chunks(_CHUNK):
            sha256.update(chunk)
            size += len(chunk)
        return Digest(sha256.hexdigest(), size)

    def _is_deleted(self, upload: Upload) -> bool:
        try:
            self._s3.head_object(Bucket=upload.bucket, Key=upload.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return _code(error) != "NoSuchBucket"
        return False

    # The intake's small objects

    def receipts(self, upload: Upload) -> Sequence[Receipt]:
        own = layout.receipt_key(upload.bucket, upload.key, upload.version)
        listed = self._list(layout.receipts_prefix(upload.bucket, upload.key))
        listed.sort(key=lambda item: item["LastModified"])
        keys = [item["Key"] for item in listed]
        wanted = [own] if own in keys else keys[-_RECENT_RECEIPTS:]
        return [Receipt.from_json(self._read(key)) for key in wanted]

    def put_receipt(self, receipt: Receipt) -> None:
        upload = receipt.upload
        if receipt.outcome != "refused" and receipt.profile:
            # What a profile expects has come.
            arrived = receipt.received_at.astimezone(TIME_ZONE).date()
            self._s3.put_object(
                Bucket=self._settings.data_bucket, Key=layout.arrival_key(receipt.profile, arrived)
            )
        key = layout.receipt_key(upload.bucket, upload.key, upload.version)
        self._put_unless(("PreconditionFailed",), key, receipt.to_json())

    def chain(self, profile: str, file_hash: str) -> Sequence[Claim]:
        listed = self._list(layout.claims_prefix(profile, file_hash))
        claims = [Claim.from_json(self._read(item["Key"])) for item in listed]
        return sorted(claims, key=lambda claim: claim.number)

    def put_claim(self, claim: Claim) -> None:
        # ConditionalRequestConflict: somebody else puts one at this very moment. Who won shows when looking again.
        key = layout.claim_key(claim.event.profile, claim.event.file_hash, claim.number)
        self._put_unless(("PreconditionFailed", "ConditionalRequestConflict"), key, claim.to_json())

    def profiles(self) -> set[str]:
        names = [item["Key"].removeprefix(layout.PROFILES) for item in self._list(layout.PROFILES)]
        return {name.removesuffix(".toml") for name in names if name.endswith(".toml")}

    # Runs

    def start(self, job: JobEvent) -> Execution:
        try:
            self._stepfunctions.start_execution(
                stateMachineArn=self._settings.state_machine_arn,
                name=job.execution_name,
                input=job.to_json(),
            )
        except ClientError as error:
            if _code(error) != "ExecutionAlreadyExists":
                raise
            return self.execution(job)
        return Execution.RUNNING

    def execution(self, job: JobEvent) -> Execution:
        machine = self._settings.state_machine_arn.replace(":stateMachine:", ":execution:")
        try:
            answer = self._stepfunctions.describe_execution(
                executionArn=f"{machine}:{job.execution_name}"
            )
        except ClientError as error:
            if _code(error) != "ExecutionDoesNotExist":
                raise
            return Execution.SUCCEEDED if self._has_last_manifest(job) else Execution.NEVER_STARTED
        if _file_hash(answer.get("input", "")) != job.file_hash:
            return Execution.NAME_TAKEN
        return _ENDED.get(answer["status"], Execution.RUNNING)

    def _has_last_manifest(self, job: JobEvent) -> bool:
        key = layout.manifest_key(job.job_id, job.execution_name, layout.Stage.QUICKSIGHT_PREP)
        return any(item["Key"] == key for item in self._list(key))

    # People

    def tell(self, alert: UploadDuplicate | UploadRefused) -> None:
        self._functions.invoke(
            FunctionName=self._settings.notifier_function,
            InvocationType="Event",
            Payload=alert.to_json().encode(),
        )

    # S3. Existence is asked by listing: without s3:ListBucket on the whole bucket, S3 answers 403 for a missing key.

    def _list(self, prefix: str) -> list[ObjectTypeDef]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._settings.data_bucket, Prefix=prefix
        )
        return [item for page in pages for item in page.get("Contents", [])]

    def _read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._settings.data_bucket, Key=key)["Body"].read()

    def _put_unless(self, taken: tuple[str, ...], key: str, text: str) -> None:
        try:
            self._s3.put_object(
                Bucket=self._settings.data_bucket,
                Key=key,
                Body=text.encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _code(error) not in taken:
                raise


class UploadQueue:
    """Where the messages come from."""

    def __init__(self, url: str, sqs: SQSClient) -> None:
        self._url = url
        self._sqs = sqs

    @classmethod
    def connect(cls, settings: TriggerSettings) -> Self:
        return cls(settings.queue_url, boto3.client("sqs", config=_CLIENTS))

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _file_hash(execution_input: str) -> object:
    """An execution that somebody started by hand may have any input."""
    try:
        document = json.loads(execution_input)
    except ValueError:
        return None
    return document.get("file_hash") if isinstance(document, dict) else None
