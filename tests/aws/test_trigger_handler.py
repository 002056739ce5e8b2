"""The trigger as Lambda calls it: queue batches of S3's own events in, a partial batch response out."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from services.trigger import handler
from services.trigger.gateway import Gateway
from services.trigger.handler import lambda_handler
from services.trigger.settings import TriggerSettings
from shared.errors import SettingsError
from shared.observability import logger, tracer

EVENTS = Path(__file__).parents[1] / "events"
INGRESS = "reconciliation-ingress-123456789012-sa-east-1"
DATA = "reconciliation-data-123456789012-sa-east-1"
KEY = "2026-02-16/extrato.csv"
CONTENT = b"side,entry_id\nA,1\n"
JOB_ID = f"JOB-20260216-default-{hashlib.sha256(CONTENT).hexdigest()[:16]}"


@dataclass
class Context:
    function_name: str = "reconciliation-trigger"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = (
        "arn:aws:lambda:sa-east-1:123456789012:function:reconciliation-trigger"
    )
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 110_900


@dataclass
class Queue:
    """How long each message was hidden, time after time, by its receipt handle."""

    hidden: dict[str, list[int]] = field(default_factory=dict)
    error: ClientError | None = None

    def hide(self, receipt_handle: str, seconds: int) -> None:
        if self.error:
            raise self.error
        self.hidden.setdefault(receipt_handle, []).append(seconds)


class Aws:
    """What the trigger finds, and what it left."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.s3 = boto3.client("s3")
        for bucket in (INGRESS, DATA):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
        self.s3.put_bucket_versioning(Bucket=INGRESS, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_object(Bucket=DATA, Key="profiles/default.toml", Body=b"")
        role = boto3.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument="{}")
        self.stepfunctions = boto3.client("stepfunctions")
        self.machine = self.stepfunctions.create_state_machine(
            name="reconciliation-pipeline",
            definition='{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}',
            roleArn=role["Role"]["Arn"],
        )["stateMachineArn"]
        self.functions = boto3.client("lambda")
        self.notifier = Stubber(self.functions)
        self.notifier.activate()
        self.queue = Queue()
        self.log = io.StringIO()
        self.capsys = capsys

    def upload(self, key: str = KEY, content: bytes = CONTENT) -> str:
        """The body of the message that S3 sends for it."""
        version = self.s3.put_object(Bucket=INGRESS, Key=key, Body=content)["VersionId"]
        event = load("s3_object_created.json")
        event["Records"][0]["s3"]["object"] |= {
            "key": key,
            "size": len(content),
            "versionId": version,
        }
        return json.dumps(event)

    def expect_alert(self) -> None:
        self.notifier.add_response("invoke", {"StatusCode": 202})

    def executions(self) -> list[str]:
        listed = self.stepfunctions.list_executions(stateMachineArn=self.machine)["executions"]
        return [execution["name"] for execution in listed]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def metrics(self) -> dict[str, float]:
        [line] = self.capsys.readouterr().out.splitlines()
        emitted = json.loads(line)
        [directive] = emitted["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Reconciliation"
        return {metric["Name"]: sum(emitted[metric["Name"]]) for metric in directive["Metrics"]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Aws]:
    with mock_aws():
        aws = Aws(capsys)
        settings = TriggerSettings(
            data_bucket=DATA,
            state_machine_arn=aws.machine,
            notifier_function="reconciliation-notifier",
            queue_url="https://queue",
        )
        gateway = Gateway(settings, aws.s3, aws.stepfunctions, aws.functions)
        monkeypatch.setattr(handler, "gateway", lambda: gateway)
        monkeypatch.setattr(handler, "queue", lambda: aws.queue)
        monkeypatch.setattr(logger.registered_handler, "stream", aws.log)
        yield aws


def load(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / name).read_text())


def batch(*bodies: str, receives: int = 1, sent: float = 0) -> dict[str, Any]:
    """The queue's event, with a message for each body, named m0, m1, …; `sent`: seconds ago."""
    event = load("sqs_s3_batch.json")
    [message] = event["Records"]
    attributes = message["attributes"] | {
        "ApproximateReceiveCount": str(receives),
        "SentTimestamp": str(int((time.time() - sent) * 1000)),
    }
    event["Records"] = [
        message
        | {"messageId": f"m{n}", "receiptHandle": f"r{n}", "body": body, "attributes": attributes}
        for n, body in enumerate(bodies)
    ]
    return event


def failed(response: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def test_the_batch_fixture_names_an_upload_that_is_gone_and_so_is_refused(aws: Aws) -> None:
    """As it stands in tests/events: S3 knows no such version."""
    aws.expect_alert()

    assert failed(lambda_handler(load("sqs_s3_batch.json"), Context())) == []
    assert aws.metrics() == {"UploadRefused": 1, "MessageFailed": 0}
    assert aws.lines()[-1]["code"] == "OBJECT_GONE"


def test_an_upload_is_started_and_logged_with_its_job(aws: Aws) -> None:
    response = lambda_handler(batch(aws.upload()), Context())

    assert response == {"batchItemFailures": []}
    assert aws.executions() == [JOB_ID]
    assert aws.metrics() == {"UploadStarted": 1, "MessageFailed": 0}
    [line] = aws.lines()
    assert (line["level"], line["job_id"], line["object_key"]) == ("INFO", JOB_ID, KEY)
    assert (line["outcome"], line["execution_name"], line["profile"]) == (
        "started",
        JOB_ID,
        "default",
    )


def test_each_end_of_an_upload_has_its_metric(aws: Aws) -> None:
    first = aws.upload()
    aws.expect_alert()
    aws.expect_alert()

    lambda_handler(
        batch(first, first, aws.upload("copia.csv"), aws.upload("extrato.xlsx")), Context()
    )

    assert aws.metrics() == {
        "UploadStarted": 1,
        "UploadRedelivered": 1,
        "UploadDuplicate": 1,
        "UploadRefused": 1,
        "MessageFailed": 0,
    }
    assert [line.get("job_id") for line in aws.lines()] == [JOB_ID, JOB_ID, JOB_ID, None]
    aws.notifier.assert_no_pending_responses()


def test_no_line_bears_the_job_of_another_record(aws: Aws) -> None:
    aws.expect_alert()

    lambda_handler(
        batch(aws.upload(), aws.upload("extrato.xlsx"), json.dumps(load("s3_test_event.json"))),
        Context(),
    )
    lambda_handler(batch("?"), Context())

    assert [line.get("job_id") for line in aws.lines()] == [JOB_ID, None, None, None]
    assert [line.get("object_key") for line in aws.lines()] == [KEY, "extrato.xlsx", None, None]
    assert [line["message_id"] for line in aws.lines()] == ["m0", "m1", "m2", "m0"]


def test_what_is_no_upload_is_acknowledged_without_a_warning(aws: Aws) -> None:
    bodies = (
        json.dumps(load("s3_test_event.json")),
        json.dumps(load("s3_object_removed.json")),
        aws.upload("pasta/"),
    )

    assert failed(lambda_handler(batch(*bodies), Context())) == []
    assert [line["reason"] for line in aws.lines()] == [
        "s3:TestEvent",
        "not a creation",
        "folder marker",
    ]
    assert aws.metrics() == {"MessageFailed": 0}
    assert "intake" not in str(aws.s3.list_objects_v2(Bucket=DATA)["Contents"])


def test_a_message_that_fails_is_delivered_again_and_keeps_no_other_from_its_end(aws: Aws) -> None:
    response = lambda_handler(batch("{}", aws.upload()), Context())

    assert failed(response) == ["m0"]
    assert aws.executions() == [JOB_ID]
    metrics = aws.metrics()
    assert (metrics["UploadStarted"], metrics["MessageFailed"]) == (1, 1)


def test_a_batch_that_fails_whole_is_reported_and_not_raised(aws: Aws) -> None:
    assert failed(lambda_handler(batch("{}", "?"), Context())) == ["m0", "m1"]
    assert aws.metrics()["MessageFailed"] == 2


def test_a_message_is_hidden_as_long_as_the_function_may_live_and_shown_soon_after_it_failed(
    aws: Aws,
) -> None:
    lambda_handler(batch(aws.upload(), "{}", receives=2), Context())
    assert aws.queue.hidden["r0"] == [120]
    taken, paused = aws.queue.hidden["r1"]
    assert (taken, 10 < paused <= 30) == (120, True)  # less what the batch took


def test_how_long_a_message_has_failed_is_measured_from_its_upload(aws: Aws) -> None:
    lambda_handler(batch("{}", sent=100), Context())
    assert 100 <= aws.metrics()["FailedMessageAge"] < 160


def test_a_queue_that_does_not_hide_keeps_no_upload_from_its_end(aws: Aws) -> None:
    aws.queue.error = ClientError(
        {"Error": {"Code": "RequestThrottled"}}, "ChangeMessageVisibility"
    )
    assert failed(lambda_handler(batch(aws.upload(), "{}"), Context())) == ["m1"]
    assert aws.executions() == [JOB_ID]
    assert [line["message"] for line in aws.lines()].count("message not hidden") == 3


def test_a_failure_is_logged_with_its_job_and_its_cause(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> None:
        raise ClientError(
            {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "StartExecution"
        )

    monkeypatch.setattr(aws.stepfunctions, "start_execution", throttled)

    assert failed(lambda_handler(batch(aws.upload()), Context())) == ["m0"]
    [line] = aws.lines()
    assert (line["level"], line["job_id"]) == ("WARNING", JOB_ID)
    assert "Rate exceeded" in line["exception"]
    assert CONTENT.decode() not in aws.log.getvalue()


def test_the_trace_is_annotated_with_job_and_profile(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotations: dict[str, Any] = {}
    monkeypatch.setattr(tracer, "put_annotation", annotations.__setitem__)

    lambda_handler(batch(aws.upload()), Context())

    assert annotations == {"job_id": JOB_ID, "profile": "default"}


def test_missing_settings_are_named() -> None:
    named = r"DATA_BUCKET.*STATE_MACHINE_ARN.*NOTIFIER_FUNCTION.*QUEUE_URL"
    with pytest.raises(SettingsError, match=named):
        handler.gateway()
