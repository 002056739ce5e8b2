"""What no event told is found by the tick and told once, on the embedded AWS with the pipeline deployed.

The tick runs here, because its clock is set forward; everybody it calls is real.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.embedded.faults import Fault
from recon.stack import Stack
from services.timeout_handler import tick
from services.timeout_handler.gateway import Gateway
from services.timeout_handler.runs import Outcome
from services.timeout_handler.settings import TimeoutSettings
from shared.upload_key import TIME_ZONE
from tests.state_machine.pipeline import EVERYTHING_WORKS

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


@dataclass
class World:
    aws: EmbeddedAWS
    stack: Stack
    inbox: str
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def gateway(self, limit_seconds: int = 1200, digest_at: str = "") -> Gateway:
        settings = TimeoutSettings(
            ingress_bucket=self.stack.ingress_bucket,
            data_bucket=self.stack.data_bucket,
            checkpoints_bucket=self.stack.checkpoints_bucket,
            queue_url=self.stack.queue_url,
            state_machine_arn=self.stack.state_machine_arn,
            notifier_function="reconciliation-notifier",
            glue_jobs="reconciliation-validation",
            limit_seconds=limit_seconds,
            digest_at=digest_at,
            data_sets="",
            refreshes_a_day=24,
        )
        services = ("s3", "stepfunctions", "glue", "sqs", "lambda")
        return Gateway(settings, *map(self.aws.client, services))

    def tick(self, gateway: Gateway, later: timedelta = timedelta()) -> list[Outcome]:
        return tick.search(gateway, datetime.now(UTC) + later)

    def upload(self, profile: str = "default") -> str:
        key = f"{profile}/2026-02-16/{uuid.uuid4().hex}.csv"
        body = uuid.uuid4().hex.encode()
        self.aws.client("s3").put_object(Bucket=self.stack.ingress_bucket, Key=key, Body=body)
        return key

    def execution_of(self, key: str) -> dict[str, Any]:
        states = self.aws.client("stepfunctions")

        def look() -> dict[str, Any] | None:
            listed = states.list_executions(stateMachineArn=self.stack.state_machine_arn)
            for execution in listed["executions"]:
                found = states.describe_execution(executionArn=execution["executionArn"])
                if json.loads(found["input"])["object_key"] == key:
                    return dict(found)
            return None

        return dict(until(look))

    def told(self, kind: str) -> list[dict[str, Any]]:
        """All alerts of that kind so far."""
        sqs = self.aws.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self.alerts.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return [alert for alert in self.alerts if alert.get("kind") == kind]


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(wait_scale=0) as aws:
        yield aws


@pytest.fixture
def world(emulator: EmbeddedAWS) -> World:
    emulator.reset()
    stack = deploy(emulator)
    sqs = emulator.client("sqs")
    inbox = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]
    emulator.client("sns").subscribe(
        TopicArn=stack.topic_arn,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return World(emulator, stack, inbox)


@pytest.mark.parametrize("parameters", [{}, {"DigestAt": "00:00"}], ids=["default", "digest"])
def test_the_deployed_function_takes_a_tick(world: World, parameters: dict[str, str]) -> None:
    deploy(world.aws, parameters=parameters)
    answer = world.aws.client("lambda").invoke(
        FunctionName="reconciliation-timeout-handler", Payload=b'{"source": "recon.tick"}'
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    if parameters:
        assert until(lambda: world.told("digest"))


def test_a_run_that_takes_long_is_told_once_while_it_runs(world: World) -> None:
    world.aws.fault(Fault(state="ReconcileData", seconds=90, result={}), *EVERYTHING_WORKS)
    execution = world.execution_of(world.upload())
    gateway = world.gateway()
    assert world.tick(gateway, timedelta(minutes=17)) == []
    assert [each.outcome for each in world.tick(gateway, timedelta(minutes=18))] == ["late"]
    (alert,) = until(lambda: world.told("run_late"))
    assert (alert["severity"], alert["status"]) == ("WARNING", "RUNNING")
    assert alert["results"]["execution"] == execution["name"]
    assert alert["results"]["state"] == "ReconcileData"
    until(lambda: world.tick(gateway, timedelta(minutes=19)) == [])
    assert len(world.told("run_late")) == 1


def test_a_good_run_whose_every_alert_failed_is_told_once(world: World) -> None:
    down = [
        Fault(state=state, error="Lambda.Unknown")
        for state in ("NotifySuccess", "AlertSuccessPlainly")
    ]
    world.aws.fault(*down, *EVERYTHING_WORKS)
    key = world.upload()
    until(lambda: world.execution_of(key)["status"] == "SUCCEEDED")
    assert world.told("run_completed") == []
    gateway, later = world.gateway(), timedelta(minutes=3)
    assert [each.outcome for each in world.tick(gateway, later)] == ["told"]
    (alert,) = until(lambda: world.told("run_completed"))
    assert alert["job_id"] == world.execution_of(key)["name"]
    until(lambda: world.tick(gateway, later) == [])
    assert len(world.told("run_completed")) == 1


def test_uploads_of_an_hour_without_the_bucket_s_notification_are_taken_in_after_all(
    world: World,
) -> None:
    world.aws.fault(*EVERYTHING_WORKS)
    s3, bucket = world.aws.client("s3"), world.stack.ingress_bucket
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    keys = [world.upload() for _ in range(3)]
    gateway, later = world.gateway(), timedelta(minutes=11)
    assert world.tick(gateway, timedelta(minutes=9)) == []
    resent = [Outcome("upload_resent", object_key=key) for key in keys]
    assert sorted(world.tick(gateway, later), key=str) == sorted(resent, key=str)
    for key in keys:
        assert world.execution_of(key)["name"].startswith("JOB-20260216-default-")
    assert [o for o in world.tick(gateway, later) if o.outcome == "upload_resent"] == []


def test_a_file_that_did_not_come_is_told_once_and_one_that_came_is_not(world: World) -> None:
    world.aws.fault(*EVERYTHING_WORKS)
    expecting = '\n[expect]\nby = "00:00"\ndays = "civil"\n'
    default = (ROOT / "profiles" / "default.toml").read_text()
    for name in ("veio", "falta"):
        body = default.replace('name = "default"', f'name = "{name}"') + expecting
        world.aws.client("s3").put_object(
            Bucket=world.stack.data_bucket, Key=f"profiles/{name}.toml", Body=body.encode()
        )
    world.execution_of(world.upload("veio"))
    gateway = world.gateway(digest_at="00:00")
    until(lambda: Outcome("file_overdue", profile="veio") not in world.tick(gateway))
    overdue = until(lambda: world.told("file_overdue"))
    assert {alert["profile"] for alert in overdue} <= {"veio", "falta"}
    (digest,) = until(lambda: world.told("digest"))
    assert digest["results"]["day"] == f"{datetime.now(TIME_ZONE):%Y-%m-%d}"
    assert "falta" in digest["results"]["overdue"]
    until(lambda: world.tick(gateway) == [])
    told = [alert["profile"] for alert in world.told("file_overdue")]
    assert told.count("falta") == 1
    assert len(world.told("digest")) == 1
