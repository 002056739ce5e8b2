"""Events are hints: lost, repeated, late or out of order, each upload runs once and each end is told once.

The ticks here are the function's own code, with its clock set forward; all that it calls is real.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.faults import Fault
from recon.output import Output
from recon.pipeline import Pipeline
from recon.resumption import resume
from services.timeout_handler.runs import Outcome
from shared.layout import checkpoint_key, receipt_key
from tests.e2e.functions_here import trigger
from tests.e2e.pipeline_world import World, until
from tests.state_machine.pipeline import EVERYTHING_WORKS

pytestmark = pytest.mark.e2e
EVENT = json.loads((Path(__file__).parents[1] / "events/execution_status_change.json").read_text())
RULE_TIME = timedelta(minutes=3)


# The event of a bad end


def stopped(world: World) -> str:
    """The name of an execution that somebody stopped while it ran."""
    world.aws.fault(Fault(state="ReconcileData", seconds=30), *EVERYTHING_WORKS)
    name = str(world.execution_of(world.upload())["name"])
    world.aws.client("stepfunctions").stop_execution(executionArn=world.arn(name))
    return name


def event_arrives(world: World, name: str) -> dict[str, Any]:
    event = EVENT | {"detail": EVENT["detail"] | {"executionArn": world.arn(name)}}
    answer = world.aws.client("lambda").invoke(
        FunctionName="reconciliation-timeout-handler", Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def checkpoint(world: World, job: str) -> dict[str, Any]:
    found = world.aws.client("s3").get_object(
        Bucket=world.stack.checkpoints_bucket, Key=checkpoint_key(job)
    )
    document: dict[str, Any] = json.loads(found["Body"].read())
    return document


def disable_the_rule(world: World) -> None:
    events = world.aws.client("events")
    for rule in events.list_rules()["Rules"]:
        events.disable_rule(Name=rule["Name"])


def test_an_event_that_is_lost_is_made_good_by_the_tick_once(world: World) -> None:
    disable_the_rule(world)
    name = stopped(world)
    gateway = world.gateway()
    assert world.tick(gateway, timedelta(minutes=1)) == []  # the event has its turn first
    assert world.told("run_failed") == []
    assert [each.outcome for each in world.tick(gateway, RULE_TIME)] == ["told"]
    (alert,) = until(lambda: world.told("run_failed"))
    assert (alert["severity"], alert["status"], alert["job_id"]) == ("CRITICAL", "ABORTED", name)
    until(lambda: world.tick(gateway, RULE_TIME) == [])
    assert len(world.told("run_failed")) == 1
    assert (checkpoint(world, name)["status"], checkpoint(world, name)["attempts"]) == (
        "ABORTED",
        1,
    )


def test_an_event_that_comes_again_and_again_is_told_and_kept_once(world: World) -> None:
    name = stopped(world)
    until(lambda: world.told("run_failed"))
    for _ in range(9):
        event_arrives(world, name)
    until(lambda: world.tick(world.gateway(), RULE_TIME) == [])
    assert len(world.told("run_failed")) == 1
    assert checkpoint(world, name)["attempts"] == 1


def test_an_event_that_is_overtaken_by_the_next_attempt_changes_nothing(world: World) -> None:
    disable_the_rule(world)
    name = stopped(world)
    world.tick(world.gateway(), RULE_TIME)
    until(lambda: world.told("run_failed"))
    world.aws.fault(*EVERYTHING_WORKS[:3])
    pipeline = Pipeline(world.aws.client, world.stack)
    resume(pipeline, trigger(world.aws.client, world.stack), name, Output())
    (completed,) = until(lambda: world.told("run_completed"))
    assert completed["job_id"] == name
    # The first attempt's event comes only now, and before it one of the attempt that ended well.
    assert event_arrives(world, f"{name}-R1")["checkpoint_location"] is None
    event_arrives(world, name)
    until(lambda: world.tick(world.gateway(), RULE_TIME) == [])
    assert (len(world.told("run_failed")), len(world.told("run_completed"))) == (1, 1)
    assert checkpoint(world, name)["attempts"] == 1


def test_an_event_that_comes_before_the_end_that_it_tells_stops_nothing(world: World) -> None:
    world.aws.fault(Fault(state="ReconcileData", seconds=5), *EVERYTHING_WORKS)
    key = world.upload()
    name = world.execution_of(key)["name"]
    assert event_arrives(world, name)["checkpoint_location"] is None
    assert world.execution_of(key)["status"] == "RUNNING"
    assert world.told("run_failed") == []


# The event of an upload


def test_a_message_that_is_delivered_ten_times_is_one_run_and_one_alert(world: World) -> None:
    world.aws.fault(*EVERYTHING_WORKS[:3])
    s3, sqs = world.aws.client("s3"), world.aws.client("sqs")
    unsent(world)
    key = world.upload()
    version = s3.head_object(Bucket=world.stack.ingress_bucket, Key=key)["VersionId"]
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-02-16T12:00:00.000Z",
        "s3": {
            "bucket": {"name": world.stack.ingress_bucket},
            "object": {"key": key, "size": 32, "versionId": version},
        },
    }
    for _ in range(10):
        sqs.send_message(
            QueueUrl=world.stack.queue_url, MessageBody=json.dumps({"Records": [record]})
        )
    until(lambda: world.told("run_completed"))
    until(lambda: waiting(world) == 0)
    assert len(world.told("run_completed")) == 1
    assert world.told("upload_duplicate") == []
    listed = world.aws.client("stepfunctions").list_executions(
        stateMachineArn=world.stack.state_machine_arn
    )
    assert len(listed["executions"]) == 1
    receipt = receipt_key(world.stack.ingress_bucket, key, version)
    assert s3.list_objects_v2(Bucket=world.stack.data_bucket, Prefix=receipt)["KeyCount"] == 1


def unsent(world: World) -> None:
    """From now on the bucket tells nobody what is put."""
    world.aws.client("s3").put_bucket_notification_configuration(
        Bucket=world.stack.ingress_bucket, NotificationConfiguration={}
    )


def waiting(world: World) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = world.aws.client("sqs").get_queue_attributes(
        QueueUrl=world.stack.queue_url, AttributeNames=names
    )["Attributes"]
    return sum(int(found[name]) for name in names)


def test_uploads_of_an_hour_without_the_bucket_s_notification_are_taken_in_after_all(
    world: World,
) -> None:
    world.aws.fault(*EVERYTHING_WORKS)
    unsent(world)
    keys = [world.upload() for _ in range(3)]
    gateway, later = world.gateway(), timedelta(minutes=11)
    assert world.tick(gateway, timedelta(minutes=9)) == []
    resent = [Outcome("upload_resent", object_key=key) for key in keys]
    assert sorted(world.tick(gateway, later), key=str) == sorted(resent, key=str)
    for key in keys:
        assert world.execution_of(key)["name"].startswith("JOB-20260216-default-")
    assert [o for o in world.tick(gateway, later) if o.outcome == "upload_resent"] == []
