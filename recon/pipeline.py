"""The deployed pipeline, wherever it is: what the command asks of AWS, but for its logs (recon/logs.py)."""

from __future__ import annotations

import io
import json
import posixpath
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError
from pydantic import ValidationError

from recon.errors import UsageError
from recon.stack import Stack
from recon.timeline import Timeline, visits
from shared.alert import Alert, RunRetracted
from shared.checkpoint import Checkpoint
from shared.contract import Contract
from shared.intake import Receipt
from shared.job_event import JobEvent
from shared.layout import (
    CURATED_CHANGED,
    INTAKE_ALERTS,
    RUNS,
    STAGE_ERROR,
    Stage,
    checkpoint_key,
    manifest_key,
    profile_key,
    receipt_key,
    receipt_of_marker,
    reference_prefix,
    run_prefix,
    stage_error_key,
    stage_prefix,
)
from shared.manifest import Manifest, StageError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

C = TypeVar("C", bound=Contract)
PRELIMINARY = "preliminary.parquet"  # what the passes matched before one had too many pairs


@dataclass(frozen=True)
class Execution:
    """As Step Functions describes it; `cause` is only there where it failed."""

    arn: str
    name: str
    status: str
    started_at: datetime
    stopped_at: datetime | None
    job: Mapping[str, Any]
    error: str | None = None
    cause: str | None = None

    @property
    def job_id(self) -> str:
        return str(self.job.get("job_id", self.name))


@dataclass(frozen=True)
class Received:
    """An alert as the topic delivered it to a queue; message_id is the topic's, the same for every subscriber."""

    message_id: str
    alert: Alert


class Pipeline:
    """client: service name → boto3 client, of the embedded AWS or of an account."""

    def __init__(self, client: Callable[[str], Any], stack: Stack) -> None:
        self._client = client
        self.stack = stack

    @cached_property
    def _s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def _sfn(self) -> SFNClient:
        client: SFNClient = self._client("stepfunctions")
        return client

    @cached_property
    def _sns(self) -> SNSClient:
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def _sqs(self) -> SQSClient:
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def _lambda(self) -> LambdaClient:
        client: LambdaClient = self._client("lambda")
        return client

    # Uploads

    def upload(self, path: Path, key: str) -> str:
        """Returns the version that the bucket gave it."""
        with path.open("rb") as body:
            answer = self._s3.put_object(Bucket=self.stack.ingress_bucket, Key=key, Body=body)
        return answer["VersionId"]

    def receipt(self, key: str, version: str) -> Receipt | None:
        """What became of an upload; None while the trigger has not dealt with it."""
        bucket = self.stack.ingress_bucket
        return self._document(self.stack.data_bucket, receipt_key(bucket, key, version), Receipt)

    def untaken(self, limit: int) -> Iterator[Receipt]:
        """Uploads that started nothing, the newest first: people were told of each, which left a marker."""
        markers = sorted(self._objects(INTAKE_ALERTS), key=lambda found: found["LastModified"])
        keys = filter(None, (receipt_of_marker(found["Key"]) for found in reversed(markers)))
        for key in islice(keys, limit):
            if receipt := self._document(self.stack.data_bucket, key, Receipt):
                yield receipt

    # Executions

    def execution(self, name: str) -> Execution | None:
        arn = f"{self.stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            found = self._sfn.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ExecutionDoesNotExist", "InvalidArn"):
                return None
            raise
        return Execution(
            arn=arn,
            name=name,
            status=found["status"],
            started_at=found["startDate"],
            stopped_at=found.get("stopDate"),
            job=_object(found.get("input", "{}")),
            error=found.get("error"),
            cause=found.get("cause"),
        )

    def attempts(self, job: str) -> list[Execution]:
        """Every execution of a job, or the one of that name, that Step Functions still knows (90 days), in order."""
        names = {job}
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.stack.data_bucket, Prefix=f"{RUNS}{job}/", Delimiter="/"
        ):
            names |= {found["Prefix"].split("/")[-2] for found in page.get("CommonPrefixes", ())}
        attempt = 1
        while self.execution(f"{job}-R{attempt}"):  # one that wrote nothing yet is in no listing
            names.add(f"{job}-R{attempt}")
            attempt += 1
        known = [execution for name in names if (execution := self.execution(name))]
        return sorted(known, key=lambda execution: execution.started_at)

    def latest(self, limit: int) -> Iterator[Execution]:
        """The newest executions first."""
        pages = self._sfn.get_paginator("list_executions").paginate(
            stateMachineArn=self.stack.state_machine_arn,
            PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 100)},
        )
        for page in pages:
            for item in page["executions"]:
                if execution := self.execution(item["name"]):
                    yield execution

    def stop(self, execution: Execution, error: str, cause: str) -> None:
        """Step Functions stops the Glue run that it waits for, and the timeout handler what else runs."""
        self._sfn.stop_execution(executionArn=execution.arn, error=error, cause=cause)

    def timeline(self, execution: Execution) -> Timeline:
        pages = self._sfn.get_paginator("get_execution_history").paginate(
            executionArn=execution.arn, includeExecutionData=False
        )
        return Timeline(
            name=execution.name,
            status=execution.status,
            started_at=execution.started_at,
            stopped_at=execution.stopped_at,
            limit=self.stack.limit_seconds,
            visits=visits(event for page in pages for event in page["events"]),
        )

    # What a run leaves

    def manifest(self, job_id: str, execution: str, stage: Stage) -> Manifest | None:
        return self._document(
            self.stack.data_bucket, manifest_key(job_id, execution, stage), Manifest
        )

    def manifests(self, job_id: str, execution: str) -> dict[Stage, Manifest]:
        """Of the stages that are done, in their order."""
        found = {stage: self.manifest(job_id, execution, stage) for stage in Stage}
        return {stage: manifest for stage, manifest in found.items() if manifest}

    def stage_error(self, job_id: str, execution: str, stage: Stage) -> StageError | None:
        return self._document(
            self.stack.data_bucket, stage_error_key(job_id, execution, stage), StageError
        )

    def checkpoint(self, job_id: str) -> Checkpoint | None:
        return self._document(self.stack.checkpoints_bucket, checkpoint_key(job_id), Checkpoint)

    def published_profile(self, name: str) -> bytes | None:
        return self._bytes(self.stack.data_bucket, profile_key(name))

    def publish_profile(self, name: str, text: bytes) -> None:
        self._s3.put_object(Bucket=self.stack.data_bucket, Key=profile_key(name), Body=text)

    def references(self, profile: str) -> list[tuple[str, int]]:
        """Name and bytes of each that was put, the oldest first."""
        prefix = reference_prefix(profile)
        found = self._objects(prefix)
        return [(each["Key"].removeprefix(prefix), each["Size"]) for each in found]

    def put_reference(self, key: str, file: Path) -> None:
        """Never over another: a name says time and content."""
        with file.open("rb") as body:
            self._s3.put_object(Bucket=self.stack.data_bucket, Key=key, Body=body, IfNoneMatch="*")

    def address(self, job_id: str, execution: str) -> str:
        return f"s3://{self.stack.data_bucket}/{run_prefix(job_id, execution)}"

    def fetch_outputs(self, job_id: str, execution: str, folder: Path) -> None:
        """The files that the manifests list, the manifests themselves, and what a failure left, by stage."""
        for stage, manifest in self.manifests(job_id, execution).items():
            into = folder / stage
            into.mkdir(parents=True, exist_ok=True)
            root = stage_prefix(job_id, execution, stage)
            for file in manifest.files.values():
                self._download(root, file.path, into)
            (into / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        for stage in Stage:
            if error := self.stage_error(job_id, execution, stage):
                (folder / stage).mkdir(parents=True, exist_ok=True)
                (folder / stage / STAGE_ERROR).write_text(error.to_json(), encoding="utf-8")
                if "preliminary" in error.details:  # of no manifest: the stage did not finish
                    self._download(
                        stage_prefix(job_id, execution, stage), PRELIMINARY, folder / stage
                    )
        if checkpoint := self.checkpoint(job_id):
            (folder / "checkpoint.json").write_text(checkpoint.to_json(), encoding="utf-8")

    def fetch_report(self, job_id: str, execution: str, folder: Path) -> str | None:
        """Into a folder, as report.html; returns its address. None where the run wrote none."""
        prepared = self.manifest(job_id, execution, Stage.QUICKSIGHT_PREP)
        if prepared is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        root = stage_prefix(job_id, execution, Stage.QUICKSIGHT_PREP)
        return self._download(root, prepared.files["report"].path, folder)

    # What may be taken back

    def holds(self, key: str) -> bool:
        """Whether the data bucket has this object."""
        return any(found["Key"] == key for found in self._objects(key))

    def job_of_rows(self, key: str) -> str | None:
        """Whose the first row of a curated table's object is; None where there is no such object."""
        if not (rows := self._bytes(self.stack.data_bucket, key)):
            return None
        import pyarrow.parquet as pq  # slow to import, and seldom needed

        (job_id, *_) = pq.read_table(io.BytesIO(rows), columns=["job_id"])["job_id"].to_pylist()
        return str(job_id)

    def remove(self, key: str) -> None:
        """From the data bucket, which keeps versions."""
        self._s3.delete_object(Bucket=self.stack.data_bucket, Key=key)

    def note_curated_change(self) -> None:
        """The dashboards are refreshed by it."""
        self._s3.put_object(Bucket=self.stack.data_bucket, Key=CURATED_CHANGED, Body=b"{}")

    def tell(self, request: RunRetracted) -> None:
        self._lambda.invoke(
            FunctionName=self.stack.notifier_function,
            InvocationType="Event",
            Payload=request.to_json().encode(),
        )

    # Uploads that could not be taken in

    def redrive(self, wait_seconds: int = 1) -> Iterator[str]:
        """Sends what is in the dead-letter queue to the uploads' queue again, and yields each body.

        Sent before it is deleted: dying in between sends one twice, which the intake takes for one. What comes
        meanwhile is left for another time, so that this ends while the cause is not mended.
        """
        dlq, queue = self.stack.dlq_url, self.stack.queue_url
        asked = self._sqs.get_queue_attributes(
            QueueUrl=dlq, AttributeNames=["ApproximateNumberOfMessages"]
        )
        left = int(asked["Attributes"]["ApproximateNumberOfMessages"])
        while left > 0:
            answer = self._sqs.receive_message(
                QueueUrl=dlq, MaxNumberOfMessages=min(10, left), WaitTimeSeconds=wait_seconds
            )
            messages = answer.get("Messages", ())
            if not messages:
                return
            for message in messages:
                self._sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
                self._sqs.delete_message(QueueUrl=dlq, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]
            left -= len(messages)

    # Alerts

    def subscribe_queue(self) -> str:
        """A queue of our own that gets every alert from now on. Returns its URL."""
        name = f"recon-alerts-{uuid.uuid4().hex[:12]}"
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        topic = self.stack.topic_arn
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def subscribe_email(self, address: str) -> None:
        self._sns.subscribe(TopicArn=self.stack.topic_arn, Protocol="email", Endpoint=address)

    def receive(self, queue_url: str, wait_seconds: int) -> list[Received]:
        """Alerts that arrived, each once."""
        answer = self._sqs.receive_message(
            QueueUrl=queue_url, WaitTimeSeconds=wait_seconds, MaxNumberOfMessages=10
        )
        received = []
        for message in answer.get("Messages", ()):
            envelope = json.loads(message["Body"])
            body = json.loads(envelope["Message"])
            if "kind" in body:  # alarms come by the same topic, in CloudWatch's own words
                received.append(Received(envelope["MessageId"], Alert.model_validate(body)))
            self._sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return received

    def _objects(self, prefix: str) -> list[Any]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.stack.data_bucket, Prefix=prefix
        )
        return [found for page in pages for found in page.get("Contents", ())]

    def _document(self, bucket: str, key: str, model: type[C]) -> C | None:
        body = self._bytes(bucket, key)
        return None if body is None else model.from_json(body)

    def _bytes(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def _download(self, root: str, path: str, into: Path) -> str:
        """Where it came from."""
        key = posixpath.normpath(posixpath.join(root, path))
        self._s3.download_file(self.stack.data_bucket, key, str(into / posixpath.basename(key)))
        return f"s3://{self.stack.data_bucket}/{key}"


def last_of(attempts: Sequence[Execution], job: str) -> Execution:
    """Raises UsageError where there was none."""
    if not attempts:
        raise UsageError(
            f"Não há execução {job!r}.", hint="`recon runs` lista as que existem (por 90 dias)."
        )
    return attempts[-1]


def event_of(execution: Execution) -> JobEvent:
    """Raises UsageError where somebody started it with an input of another form."""
    try:
        return JobEvent.model_validate(execution.job)
    except ValidationError as error:
        raise UsageError(
            f"{execution.name} começou com uma entrada que não é um job válido.",
            hint="Inicie uma execução com a entrada corrigida, ou envie o arquivo ao bucket.",
        ) from error


def _object(text: str) -> Mapping[str, Any]:
    """The input of an execution that was started by hand may be any JSON."""
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
