"""The notifier's only way to AWS: what a run left in S3, the markers of alerts, the topic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)

from services.notifier.places import CONSOLES, Places
from services.notifier.settings import NotifierSettings
from shared import layout
from shared.alert import (
    AlertMarker,
    AlertRequest,
    Digest,
    FileOverdue,
    RefreshFailed,
    RunCompleted,
    RunFailed,
    RunLate,
    RunRetracted,
)
from shared.checkpoint import Failure, FailureReport
from shared.checkpoint_store import CheckpointStore, observe_failure
from shared.checkpointing import failure_of
from shared.layout import Stage
from shared.manifest import Manifest
from shared.observability import logger
from shared.run_store import RunStore, UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

# Inside the function's 40 s, so that a hanging call ends as an error that the log names.
_CLIENTS = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3}
)
# A publish whose answer is only slow must not fail: it would be told a second time.
_PATIENT = _CLIENTS.merge(Config(read_timeout=15))
# The topic did not get it, so that it may be sent again at once.
_NOT_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
# A chat is tried once: everybody else has been told, and the function's time must not run out over it.
_ONCE = _CLIENTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


class Gateway:
    """services.notifier.alerting.Desk, on the real services."""

    def __init__(
        self,
        settings: NotifierSettings,
        s3: S3Client,
        sns: SNSClient,
        chat: SNSClient | None = None,
    ) -> None:
        """chat: None where it is reached as the topic is."""
        self._settings = settings
        self._s3 = s3
        self._sns = sns
        self._chat = chat or sns
        self._runs = RunStore(s3, settings.data_bucket)
        self._checkpoints = CheckpointStore(s3, settings.checkpoints_bucket)

    @classmethod
    def connect(cls, settings: NotifierSettings) -> Self:
        sns = boto3.client("sns", config=_PATIENT)
        sns.meta.events.register_first("needs-retry.sns.Publish", _give_up_what_may_have_gone_out)
        return cls(
            settings,
            boto3.client("s3", config=_CLIENTS),
            sns,
            boto3.client("sns", config=_ONCE) if settings.chat_topic_arn else None,
        )

    def manifests(self, request: RunCompleted) -> dict[Stage, Manifest]:
        found = {}
        for stage in Stage:
            try:
                manifest = self._runs.manifest(request.job.job_id, request.execution_name, stage)
            except UnreadableError as error:
                logger.warning("manifest not readable", stage=stage, reason=error.message)
                continue
            if manifest:
                found[stage] = manifest
        return found

    def failure(self, request: RunFailed, now: datetime) -> Failure:
        if request.checkpoint_location:
            checkpoint = self._checkpoints.load(request.job_id)
            failure = checkpoint and failure_of(checkpoint, request.execution_name)
            if failure:
                return failure
        # Not validated: what has an impossible name must be told all the same.
        report = FailureReport.model_construct(
            job_id=request.job_id,
            state=request.state,
            status=request.status,
            error=request.error,
            reason=None,
            execution_arn=request.execution_arn,
            execution_name=request.execution_name,
            redrive_count=request.redrive_count,
            job=request.job,
            occurred_at=None,
        )
        return observe_failure(report, self._runs, now)

    @cached_property
    def places(self) -> Places:
        """An endpoint that is not AWS's has no console, nor has a partition whose console we do not know."""
        host = urlsplit(self._s3.meta.endpoint_url).hostname or ""
        _, partition, _, region, *_ = self._settings.topic_arn.split(":")
        domain = CONSOLES.get(partition)
        if domain is None or not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return Places(self._settings.data_bucket, None)
        return Places(self._settings.data_bucket, region, domain)

    def was_told(self, request: AlertRequest) -> bool:
        return self._exists(_marker_key(request))

    def was_attempted(self, request: RunCompleted | RunFailed) -> bool:
        return self._exists(_attempt_key(request))

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._settings.data_bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def attempt(self, request: RunCompleted | RunFailed) -> None:
        try:
            self._put(_attempt_key(request), "{}")
        except (ClientError, BotoCoreError):
            # People must hear of it even so. At worst they do a third time.
            logger.exception("attempt to publish not noted")

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        return self._sns.publish(
            TopicArn=self._settings.topic_arn,
            Subject=subject,
            Message=message,
            MessageStructure="json",
            MessageAttributes=_typed(attributes),
        )["MessageId"]

    def post(self, message: str, attributes: Mapping[str, str]) -> bool:
        if not self._settings.chat_topic_arn:
            return True
        try:
            self._chat.publish(
                TopicArn=self._settings.chat_topic_arn,
                Message=message,
                MessageAttributes=_typed(attributes),
            )
        except (ClientError, BotoCoreError):
            logger.exception("alert not posted to the chat")
            return False
        return True

    def mark(self, request: AlertRequest, marker: AlertMarker) -> None:
        try:
            self._put(_marker_key(request), marker.to_json())
        except (ClientError, BotoCoreError):
            # It went out. To fail now would only make it go out twice.
            logger.exception("alert published but not marked")

    def _put(self, key: str, text: str) -> None:
        self._s3.put_object(
            Bucket=self._settings.data_bucket,
            Key=key,
            Body=text.encode(),
            ContentType="application/json",
        )


def _give_up_what_may_have_gone_out(caught_exception: Exception | None, **_: object) -> None:
    """Only what the topic refused or never got is retried: it knows no repeats, and each would be an alert."""
    if caught_exception and not isinstance(caught_exception, _NOT_SENT):
        raise caught_exception


def _typed(attributes: Mapping[str, str]) -> dict[str, MessageAttributeValueTypeDef]:
    return {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }


def _attempt_key(request: RunCompleted | RunFailed) -> str:
    return layout.run_alert_attempt_key(
        request.job_id, request.execution_name, request.kind, request.redrive_count
    )


def _marker_key(request: AlertRequest) -> str:
    if isinstance(request, RunCompleted | RunFailed | RunLate | RunRetracted):
        return layout.run_alert_marker_key(
            request.job_id, request.execution_name, request.kind, request.redrive_count
        )
    if isinstance(request, FileOverdue | RefreshFailed | Digest):
        return layout.daily_alert_marker_key(request.kind, request.profile or "all", request.day)
    upload = request.upload
    return layout.intake_alert_marker_key(upload.bucket, upload.key, upload.version, request.kind)
