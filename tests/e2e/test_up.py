"""`recon up` as any AWS client sees it: what becomes of uploads, repeated uploads and runs started by hand.

One agreeing file is reconciled for all tests (`owned`); none of them changes what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.waiting import until

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
BROKEN = (ROOT / "samples" / "quebrado.csv").read_bytes()


class Up:
    """A running `recon up --json`, and one subscriber of its topic."""

    def __init__(self, folder: Path, state: Path | None = None) -> None:
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._process = subprocess.Popen(
            [*self._command("up", "--json"), *(["--state", str(state)] if state else [])],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.line = json.loads(self._process.stdout.readline())
        self._session = boto3.Session(
            aws_access_key_id=self.line["access_key_id"],
            aws_secret_access_key=self.line["secret_access_key"],
            region_name=self.line["region"],
        )
        self.s3, self.sfn, self.sqs, self.sns = map(
            self._client, ("s3", "stepfunctions", "sqs", "sns")
        )
        self.alerts: list[dict[str, Any]] = []
        self._inbox = self.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self._inbox, AttributeNames=["QueueArn"])
        self.sns.subscribe(
            TopicArn=self.line["topic_arn"],
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.line["endpoint"])  # type: ignore[call-overload]

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "recon", *arguments]

    def stop(self) -> int:
        with self._process:
            self._process.send_signal(signal.SIGINT)
            return self._process.wait(60)

    def recon(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def upload(self, key: str, body: bytes) -> str:
        version: str = self.s3.put_object(Bucket=self.line["ingress_bucket"], Key=key, Body=body)[
            "VersionId"
        ]
        return version

    def alert(self, of: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first alert, of all there were, that answers the description."""

        def look() -> dict[str, Any] | None:
            answer = self.sqs.receive_message(
                QueueUrl=self._inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", ()):
                self.alerts.append(json.loads(message["Body"]))
                self.sqs.delete_message(
                    QueueUrl=self._inbox, ReceiptHandle=message["ReceiptHandle"]
                )
            return next((alert for alert in self.alerts if "kind" in alert and of(alert)), None)

        return until(look, 90)

    def executions(self) -> set[str]:
        listed = self.sfn.list_executions(stateMachineArn=self.line["state_machine_arn"])
        return {execution["name"] for execution in listed["executions"]}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"))
    try:
        yield running
    finally:
        running.stop()


AGREEING = b"""\
side,entry_id,account,posted_on,amount,currency,reference,description,kind
A,E001,0001/12345-6,2026-02-16,1500.00,BRL,NF 1020,Venda balcao,venda
B,E001,0001/12345-6,2026-02-16,1500.00,BRL,NF 1020,PIX recebido,pix
"""


@dataclass(frozen=True)
class Owned:
    """The upload that owns the bytes AGREEING, and the alert of its run."""

    key: str
    version: str
    alert: dict[str, Any]


@pytest.fixture(scope="module")
def owned(up: Up) -> Owned:
    key = "2026-02-16/test.csv"
    version = up.upload(key, AGREEING)
    return Owned(key, version, run_alert(up, key, version))


def run_alert(up: Up, key: str, version: str) -> dict[str, Any]:
    """Of the run that an upload started."""
    job_id = until(lambda: started_by(up, key, version), 90)
    return up.alert(lambda alert: alert.get("job_id") == job_id)


def started_by(up: Up, key: str, version: str) -> str | None:
    for name in up.executions():
        arn = up.line["state_machine_arn"].replace(":stateMachine:", ":execution:") + f":{name}"
        job = json.loads(up.sfn.describe_execution(executionArn=arn)["input"])
        if (job["object_key"], job.get("object_version")) == (key, version):
            return str(job["job_id"])
    return None


def test_up_prints_one_line_with_all_that_an_aws_client_needs(up: Up) -> None:
    assert set(up.line) == {
        "endpoint",
        "region",
        "access_key_id",
        "secret_access_key",
        "ingress_bucket",
        "data_bucket",
        "checkpoints_bucket",
        "topic_arn",
        "state_machine_arn",
        "queue_url",
        "dlq_url",
    }
    for bucket in ("ingress_bucket", "data_bucket", "checkpoints_bucket"):
        up.s3.head_bucket(Bucket=up.line[bucket])


def test_an_upload_becomes_a_run_and_the_run_an_alert(up: Up, owned: Owned) -> None:
    alert = owned.alert
    assert alert["message"] == "Conciliação concluída com sucesso"
    assert (alert["kind"], alert["severity"], alert["status"]) == (
        "run_completed",
        "INFO",
        "SUCCESS",
    )
    assert alert["verdict"] == "conciliado"
    assert alert["job_id"].startswith("JOB-20260216-default-")

    listed = up.recon("runs", "--json")
    assert listed.returncode == 0, listed.stderr
    rows = {run["job_id"]: run for run in json.loads(listed.stdout)["runs"]}
    assert rows[alert["job_id"]]["verdict"] == "conciliado"

    shown = up.recon("show", alert["job_id"])
    assert shown.returncode == 0, shown.stderr
    assert "✓ ReconcileData" in shown.stdout
    assert "Veredito: Conciliado" in shown.stdout
    assert f"s3://{up.line['data_bucket']}/runs/{alert['job_id']}/" in shown.stdout


def test_a_run_is_proven_again_and_its_lines_are_explained_from_what_it_left(
    up: Up, owned: Owned
) -> None:
    verified = up.recon("verify", owned.alert["job_id"], "--json")
    assert verified.returncode == 0, verified.stderr
    told = json.loads(verified.stdout)
    assert (told["verified"], told["failed"], told["not_checked"]) == (True, [], [])

    explained = up.recon("explain", owned.alert["job_id"], "3")
    assert explained.returncode == 0, explained.stderr
    assert "Linha 3: Conciliado – exato" in explained.stdout
    assert "Contraparte, linha 2" in explained.stdout

    unknown = up.recon("verify", "JOB-20260216-default-nenhum")
    assert unknown.returncode == 2
    assert "Não há execução" in unknown.stderr


def test_publishing_again_leaves_alone_what_an_analyst_changed(up: Up) -> None:
    profile = {"Bucket": up.line["data_bucket"], "Key": "profiles/extrato-br.toml"}
    body = up.s3.get_object(**profile)["Body"].read() + b"# do analista\n"
    up.s3.put_object(**profile, Body=body)
    done = up.recon("publish", "--json")
    assert done.returncode == 0, done.stderr
    published = json.loads(done.stdout)
    assert (published["written"], published["kept"]) == ([], [profile["Key"]])
    assert up.s3.get_object(**profile)["Body"].read() == body
    assert "Publicado: profiles/extrato-br.toml" in up.recon("publish", "--force").stdout


@pytest.mark.parametrize(
    "key",
    ["2026-02-16/test.csv", "2026-02-16/outro-nome.csv", "2026-02-17/test.csv"],
    ids=["the-same-name", "another-name", "another-day"],
)
def test_the_same_bytes_again_run_nothing_and_are_told_whose_they_are(
    up: Up, owned: Owned, key: str
) -> None:
    before = up.executions()
    version = up.upload(key, AGREEING)
    told = up.alert(of_upload(version))
    assert (told["kind"], told["severity"], told["status"]) == (
        "upload_duplicate",
        "WARNING",
        "DUPLICATE",
    )
    assert told["job_id"] == owned.alert["job_id"]
    assert told["results"]["owner"]["version"] == owned.version
    assert up.executions() == before


def test_the_same_event_delivered_twice_is_dealt_with_once_in_silence(up: Up, owned: Owned) -> None:
    before = up.executions()
    uploaded = {
        "bucket": {"name": up.line["ingress_bucket"]},
        "object": {"key": owned.key, "size": 1, "versionId": owned.version, "sequencer": "0A"},
    }
    event = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": up.line["region"],
        "eventTime": "2026-02-16T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": uploaded,
    }
    up.sqs.send_message(QueueUrl=up.line["queue_url"], MessageBody=json.dumps({"Records": [event]}))
    until(lambda: True if depth(up, up.line["queue_url"]) == 0 else None, 90)

    # Whatever was told of the redelivery would have been told before this.
    up.alert(of_upload(up.upload("2026-02-16/depois.pdf", b"%PDF")))
    assert not [alert for alert in up.alerts if of_upload(owned.version)(alert)]
    assert up.executions() == before
    assert depth(up, up.line["dlq_url"]) == 0


def of_upload(version: str) -> Callable[[dict[str, Any]], bool]:
    """Alerts about an upload that started no run."""
    return lambda alert: (
        {**alert.get("results", {}), **alert.get("error", {})}.get("file", {}).get("version")
        == version
    )


def depth(up: Up, queue_url: str) -> int:
    """Messages that wait, or are being dealt with."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = up.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_a_broken_file_fails_and_the_same_bytes_again_are_another_attempt(up: Up) -> None:
    key = "2026-02-16/quebrado.csv"
    first = run_alert(up, key, up.upload(key, BROKEN))
    assert (first["severity"], first["status"]) == ("CRITICAL", "FAILED")
    assert first["error"]["code"] == "WRONG_DELIMITER"
    assert first["error"]["execution"] == first["job_id"]

    up.upload(key, BROKEN)

    second = up.alert(
        lambda alert: alert.get("error", {}).get("execution") == f"{first['job_id']}-R1"
    )
    assert second["job_id"] == first["job_id"]

    shown = up.recon("show", first["job_id"])
    assert shown.returncode == 1, shown.stderr
    assert f"{first['job_id']}-R1: FAILED" in shown.stdout
    assert f"Tentativa anterior: {first['job_id']}: FAILED" in shown.stdout
    assert "✗ ValidateCSV" in shown.stdout

    resumed = up.recon("resume", first["job_id"], "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["execution"] == f"{first['job_id']}-R2"
    up.alert(lambda alert: alert.get("error", {}).get("execution") == f"{first['job_id']}-R2")


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        ("2026-02-16/extrato.xlsx", b"PK\x03\x04", "NOT_CSV"),
        ("2026-02-16/EXTRATO.ZIP", b"PK\x03\x04", "NOT_CSV"),
        ("2026-02-30/extrato.csv", b"side\n", "MALFORMED_KEY"),
        ("a/b/2026-02-16/extrato.csv", b"side\n", "MALFORMED_KEY"),
        ("banco-que-nao-ha/extrato.csv", b"side\n", "UNKNOWN_PROFILE"),
        ("2026-02-16/vazio.csv", b"", "EMPTY_FILE"),
    ],
)
def test_what_cannot_become_a_run_is_refused_aloud(
    up: Up, key: str, body: bytes, code: str
) -> None:
    before = up.executions()
    version = up.upload(key, body)
    told = up.alert(of_upload(version))
    assert (told["kind"], told["severity"], told["status"]) == (
        "upload_refused",
        "WARNING",
        "REFUSED",
    )
    assert told["error"]["code"] == code
    assert told["error"]["hint"]
    assert up.executions() == before


@pytest.mark.parametrize(
    ("bucket", "code"),
    [
        # As first drafted: a bucket of no account. Then the real one, with a file there.
        ("reconciliation-ingress", "STAGE_INPUT"),
        (None, "HASH_MISMATCH"),
    ],
)
def test_a_run_started_by_hand_with_four_fields_is_checked_and_told(
    up: Up, owned: Owned, bucket: str | None, code: str
) -> None:
    name = f"TEST-{code.replace('_', '-')}"
    up.sfn.start_execution(
        stateMachineArn=up.line["state_machine_arn"],
        name=name,
        input=json.dumps(
            {
                "job_id": "TEST-001",
                "bucket_name": bucket or up.line["ingress_bucket"],
                "object_key": owned.key,
                "file_hash": "test-hash",
            }
        ),
    )
    told = up.alert(lambda alert: alert.get("error", {}).get("execution") == name)
    assert (told["severity"], told["status"], told["job_id"]) == ("CRITICAL", "FAILED", "TEST-001")
    assert (told["error"]["state"], told["error"]["code"]) == ("ValidateCSV", code)
    if code == "HASH_MISMATCH":
        assert "test-hash" in told["error"]["message"]


def test_what_is_in_the_state_folder_survives_a_stop_and_a_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = Up(tmp_path, state)
    try:
        alert = run_alert(first, "2026-02-16/a.csv", first.upload("2026-02-16/a.csv", AGREEING))
    finally:
        assert first.stop() == 0
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path) not in listed.stdout

    second = Up(tmp_path, state)
    try:
        shown = second.recon("show", alert["job_id"], "--json")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["verdict"] == "conciliado"
        told = second.alert(of_upload(second.upload("2026-02-16/b.csv", AGREEING)))
        assert (told["status"], told["job_id"]) == ("DUPLICATE", alert["job_id"])
    finally:
        second.stop()
