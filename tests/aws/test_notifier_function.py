"""The notifier on moto's S3 and SNS, as a queue that subscribes hears it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from services.notifier import handler
from services.notifier.gateway import Gateway
from services.notifier.settings import NotifierSettings
from shared import layout
from shared.alert import Alert, AlertMarker, RunLate
from shared.checkpoint_store import CheckpointStore, record_failure
from shared.errors import SettingsError
from shared.layout import Stage
from shared.observability import logger
from shared.run_store import RunStore
from tests.run_cases import EXECUTION_ARN, JOB, MANIFESTS, NOW, REPORT, STAGE_ERROR

EVENTS = Path(__file__).parents[1] / "events"
DATA, CHECKPOINTS = "reconciliation-data", "reconciliation-checkpoints"


class Context:
    function_name = "reconciliation-notifier"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:sa-east-1:123456789012:function:reconciliation-notifier"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"


class Aws:
    def __init__(self, clients: dict[str, Any]) -> None:
        self.s3, self.sns, self.sqs = clients["s3"], clients["sns"], clients["sqs"]
        for bucket in (DATA, CHECKPOINTS):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
        topic = self.sns.create_topic(Name="reconciliation-alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:sa-east-1:123456789012:subscriber",
            Attributes={"FilterPolicy": '{"severity": ["INFO", "WARNING", "CRITICAL"]}'},
        )
        settings = NotifierSettings(
            data_bucket=DATA, checkpoints_bucket=CHECKPOINTS, topic_arn=topic, chat_topic_arn=""
        )
        self.gateway = Gateway(settings, self.s3, self.sns)

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=DATA, Key=key, Body=text.encode())

    def finish(self, *stages: Stage) -> None:
        for stage in stages:
            key = layout.manifest_key(JOB.job_id, JOB.job_id, stage)
            self.put(key, MANIFESTS[stage].to_json())

    def heard(self) -> list[Any]:
        received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    def marker(self, key: str) -> AlertMarker:
        return AlertMarker.from_json(self.s3.get_object(Bucket=DATA, Key=key)["Body"].read())


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    session: Any = boto3.Session()
    return {name: session.client(name) for name in ("s3", "sns", "sqs")}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, clients: dict[str, Any]) -> Iterator[Aws]:
    with mock_aws():
        world = Aws(clients)
        monkeypatch.setattr(handler, "gateway", lambda: world.gateway)
        yield world


def call(name: str, **changes: Any) -> dict[str, Any]:
    event = json.loads((EVENTS / name).read_text()) | changes
    return handler.lambda_handler(event, Context())  # type: ignore[arg-type] # all that is read


RUN_MARKER = layout.run_alert_marker_key(JOB.job_id, JOB.job_id, "run_completed", 0)


def test_a_run_s_success_is_heard_with_its_figures_and_marked(aws: Aws) -> None:
    aws.finish(*Stage)
    answer = call("notify_success.json")
    [heard] = aws.heard()
    assert heard["Subject"] == "[INFO] Conciliacao default 2026-02-16: conciliado, 6 lancamentos"
    alert = Alert.from_json(heard["Message"])
    assert (alert.message, alert.verdict) == ("Conciliação concluída com sucesso", "conciliado")
    assert {name: each["Value"] for name, each in heard["MessageAttributes"].items()} == {
        "kind": "run_completed",
        "severity": "INFO",
        "status": "SUCCESS",
        "profile": "default",
        "job_id": JOB.job_id,
    }
    marker = aws.marker(RUN_MARKER)
    assert marker.message_id == answer["message_id"] == heard["MessageId"]


def test_the_same_request_again_is_not_heard(aws: Aws) -> None:
    aws.finish(*Stage)
    call("notify_success.json")
    assert call("notify_success.json") == {"message_id": None}
    assert len(aws.heard()) == 1


def test_each_redrive_is_heard(aws: Aws) -> None:
    aws.finish(*Stage)
    call("notify_success.json")
    call("notify_success.json", redrive_count=1)
    assert len(aws.heard()) == 2


def test_a_manifest_that_is_missing_or_broken_does_not_silence_the_alert(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    aws.finish(Stage.VALIDATION)
    aws.put(layout.manifest_key(JOB.job_id, JOB.job_id, Stage.RECONCILIATION), "{}")
    call("notify_success.json")
    alert = Alert.from_json(aws.heard()[0]["Message"])
    assert (alert.severity, alert.verdict) == ("WARNING", None)
    assert alert.results is not None
    assert len(alert.results["warnings"]) == 2
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (lines[0]["level"], lines[0]["stage"]) == ("WARNING", "reconciliation")
    assert all(line["job_id"] == JOB.job_id for line in lines)


def test_a_failure_is_told_from_its_checkpoint(aws: Aws) -> None:
    aws.finish(Stage.VALIDATION)
    runs, checkpoints = RunStore(aws.s3, DATA), CheckpointStore(aws.s3, CHECKPOINTS)
    record_failure(REPORT, runs, checkpoints, NOW)
    call("notify_failure.json", state="UNKNOWN")
    error = Alert.from_json(aws.heard()[0]["Message"]).error
    assert error is not None
    assert (error["state"], error["done"]) == ("ReconcileData", ["validation"])
    assert error["message"] == "Command failed with exit code 137"


def test_a_failure_without_checkpoint_is_told_from_what_the_run_left(aws: Aws) -> None:
    key = layout.stage_error_key(JOB.job_id, JOB.job_id, Stage.VALIDATION)
    aws.put(key, STAGE_ERROR.to_json())
    call("notify_failure.json", checkpoint_location=None)
    error = Alert.from_json(aws.heard()[0]["Message"]).error
    assert error is not None
    assert (error["code"], error["message"]) == ("WRONG_DELIMITER", STAGE_ERROR.message)
    assert error["checkpoint_location"] == ""


def test_a_checkpoint_of_another_execution_explains_nothing(aws: Aws) -> None:
    runs, checkpoints = RunStore(aws.s3, DATA), CheckpointStore(aws.s3, CHECKPOINTS)
    record_failure(REPORT.model_copy(update={"execution_name": "other"}), runs, checkpoints, NOW)
    call("notify_failure.json")
    error = Alert.from_json(aws.heard()[0]["Message"]).error
    assert error is not None
    assert (error["state"], error["message"]) == ("ValidateCSV", "Command failed with exit code 1")


def test_a_failure_of_a_run_whose_input_was_wrong_is_told(aws: Aws) -> None:
    call("notify_failure.json", job_id="a b/c", job={"job_id": 7}, checkpoint_location=None)
    [heard] = aws.heard()
    assert heard["Subject"].startswith("[CRITICO] Conciliacao: validacao falhou")
    assert heard["MessageAttributes"]["job_id"]["Value"] == "a b/c"


def test_a_refused_upload_is_heard_once(aws: Aws) -> None:
    call("notify_refused.json")
    assert call("notify_refused.json") == {"message_id": None}
    [heard] = aws.heard()
    alert = Alert.from_json(heard["Message"])
    assert (alert.status, alert.job_id) == ("REFUSED", None)
    key = layout.intake_alert_marker_key(
        "reconciliation-ingress", "2026-02-16/extrato.xlsx", "v1", "upload_refused"
    )
    assert aws.marker(key).kind == "upload_refused"


def test_e_mail_and_sms_have_their_own_form(aws: Aws) -> None:
    sent: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sent.append(params)

    aws.sns.meta.events.register("provide-client-params.sns.Publish", note)
    call("notify_refused.json")
    aws.sns.meta.events.unregister("provide-client-params.sns.Publish", note)
    assert sent[0]["MessageStructure"] == "json"
    message = json.loads(sent[0]["Message"])
    assert message["email"].startswith("Arquivo recusado: não foi processado\n\nO QUE ACONTECEU\n")
    assert message["sms"].startswith("AVISO Conciliacao default 2026-02-16: arquivo recusado")


def test_a_late_run_is_told_and_marked_beside_its_run(aws: Aws) -> None:
    late = RunLate(
        job_id=JOB.job_id,
        job=JOB,
        state="ReconcileData",
        minutes=18,
        ends_at=NOW,
        execution_arn=EXECUTION_ARN,
        execution_name=JOB.job_id,
        redrive_count=2,
    )
    answers = [handler.lambda_handler(json.loads(late.to_json()), Context()) for _ in range(2)]  # type: ignore[arg-type]
    key = layout.run_alert_marker_key(JOB.job_id, JOB.job_id, "run_late", 2)
    assert [answer["message_id"] for answer in answers] == [aws.marker(key).message_id, None]


def test_an_alert_that_was_published_but_not_marked_is_no_failure(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    monkeypatch.setattr(aws.s3, "put_object", refuse)
    assert call("notify_refused.json")["message_id"]
    assert len(aws.heard()) == 1
    assert "alert published but not marked" in log.getvalue()


def test_a_chat_that_cannot_be_reached_is_counted_and_silences_nobody(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    nowhere = "arn:aws:sns:sa-east-1:123456789012:nowhere"
    settings = aws.gateway._settings.model_copy(update={"chat_topic_arn": nowhere})
    monkeypatch.setattr(handler, "gateway", lambda: Gateway(settings, aws.s3, aws.sns))
    answer = call("notify_refused.json")
    assert [heard["MessageId"] for heard in aws.heard()] == [answer["message_id"]]
    assert "alert not posted to the chat" in log.getvalue()
    (emitted,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (emitted["ChatFailed"], emitted["AlertWarning"]) == ([1.0], [1.0])


def test_a_chat_is_tried_once_and_given_up_before_the_functions_time_is_over() -> None:
    settings = NotifierSettings(
        data_bucket=DATA, checkpoints_bucket=CHECKPOINTS, topic_arn="x", chat_topic_arn="y"
    )
    gateway = Gateway.connect(settings)
    config = gateway._chat.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout < 15
    plain = Gateway.connect(settings.model_copy(update={"chat_topic_arn": ""}))
    assert plain._chat is plain._sns


def test_in_an_account_a_report_is_a_page_of_its_console(aws: Aws) -> None:
    aws.finish(*Stage)
    call("notify_success.json")
    results = Alert.from_json(aws.heard()[0]["Message"]).results
    assert results is not None
    key = f"runs/{JOB.job_id}/{JOB.job_id}/quicksight-prep/0a1b2c/report.html"
    assert results["reports"] == {"report.html": f"s3://{DATA}/{key}"}
    assert results["pages"] == {
        "report.html": "https://sa-east-1.console.aws.amazon.com/s3/object/"
        f"{DATA}?region=sa-east-1&prefix={key}"
    }


@pytest.mark.parametrize(
    ("partition", "region", "page"),
    [
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/s3/object/"),
        ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/s3/"),
        ("aws-iso", "us-iso-east-1", None),
    ],
)
def test_another_partition_has_its_own_console(
    aws: Aws, partition: str, region: str, page: str | None
) -> None:
    topic = f"arn:{partition}:sns:{region}:123456789012:alerts"
    settings = aws.gateway._settings.model_copy(update={"topic_arn": topic})
    found = Gateway(settings, boto3.client("s3", region_name=region), aws.sns).places.page("key")
    assert found.startswith(page) if found and page else found is page is None


def test_what_is_not_awss_own_has_no_console(aws: Aws) -> None:
    local = boto3.client("s3", endpoint_url="http://127.0.0.1:4566")
    assert Gateway(aws.gateway._settings, local, aws.sns).places.region is None


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_an_alert_that_could_not_be_published_is_a_failure_and_leaves_no_marker(aws: Aws) -> None:
    with Stubber(aws.sns) as sns, pytest.raises(ClientError, match="Throttled"):
        sns.add_client_error("publish", "Throttled")
        call("notify_refused.json")
    assert aws.s3.list_objects_v2(Bucket=DATA)["KeyCount"] == 0


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_where_the_marker_cannot_be_looked_for_nothing_is_published(aws: Aws) -> None:
    with Stubber(aws.s3) as s3, pytest.raises(ClientError, match="403"):
        s3.add_client_error("head_object", "403", http_status_code=403)
        call("notify_refused.json")
    assert aws.heard() == []


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_request_of_no_known_kind_is_refused(aws: Aws) -> None:
    with pytest.raises(ValueError, match="kind"):
        call("notify_refused.json", kind="chatter")


def test_missing_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOPIC_ARN", raising=False)
    monkeypatch.setenv("DATA_BUCKET", DATA)
    with pytest.raises(SettingsError, match=r"CHECKPOINTS_BUCKET.*TOPIC_ARN.*CHAT_TOPIC_ARN"):
        NotifierSettings.load()
