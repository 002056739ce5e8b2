"""Many uploads at once, each event delivered twice and out of order: one execution, one result, one alert each.

Queue, trigger, state machine, notifier and topic are real; the jobs end at once, for it is not they who lose anything.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.stack import Stack
from shared.layout import RECEIPTS
from tests.state_machine.pipeline import EVERYTHING_WORKS, GLUE_TASKS

pytestmark = pytest.mark.e2e
AT_A_TIME = 8
JOBS = [fault for fault in EVERYTHING_WORKS if fault.state in GLUE_TASKS]
MEMORY = 4 << 30


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as aws:
        yield aws


@pytest.mark.parametrize("count", [20, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
def test_each_of_many_uploads_is_run_and_told_once(aws: EmbeddedAWS, count: int) -> None:
    stack, inbox = deployed(aws)
    with memory_watched(aws) as most:
        upload(aws, stack, count)
        told = all_told(aws, inbox, count, seconds=600)
    ended_once(aws, stack, count, told)
    assert most() < MEMORY


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the trigger's processes in /proc")
@pytest.mark.timeout(900)
def test_a_trigger_that_is_killed_now_and_then_loses_none_and_doubles_none(
    aws: EmbeddedAWS,
) -> None:
    stack, inbox = deployed(aws)
    # One that is killed before its first call leaves its message to the queue's own time, 12 minutes: not here.
    aws.client("sqs").set_queue_attributes(
        QueueUrl=stack.queue_url, Attributes={"VisibilityTimeout": "60"}
    )
    stop = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(aws, stop), daemon=True)
    killer.start()
    upload(aws, stack, 40)
    time.sleep(5)
    stop.set()
    killer.join()
    # What a worker died of comes again when its time is over.
    ended_once(aws, stack, 40, all_told(aws, inbox, 40, seconds=600))


def deployed(aws: EmbeddedAWS) -> tuple[Stack, str]:
    stack = deploy(aws)
    aws.fault(*JOBS)
    sqs, sns = aws.client("sqs"), aws.client("sns")
    inbox = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=stack.topic_arn,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    # The events are sent by hand: twice, and out of order.
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=stack.ingress_bucket, NotificationConfiguration={}
    )
    return stack, inbox


def upload(aws: EmbeddedAWS, stack: Stack, count: int) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")

    def put(number: int) -> dict[str, Any]:
        key, body = f"2026-02-16/arquivo {number}.csv", uuid.uuid4().bytes
        put = s3.put_object(Bucket=stack.ingress_bucket, Key=key, Body=body)
        return {"key": quote_plus(key), "size": len(body), "versionId": put["VersionId"]}

    def send(uploaded: dict[str, Any]) -> None:
        record = {
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-02-16T12:00:00.000Z",
            "s3": {"bucket": {"name": stack.ingress_bucket}, "object": uploaded},
        }
        sqs.send_message(QueueUrl=stack.queue_url, MessageBody=json.dumps({"Records": [record]}))

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        uploads = list(pool.map(put, range(count)))
        twice = uploads * 2
        random.Random(count).shuffle(twice)
        list(pool.map(send, twice))


def all_told(aws: EmbeddedAWS, inbox: str, count: int, seconds: float) -> list[dict[str, Any]]:
    """Every alert, once there are as many as uploads and no more come."""
    sqs, told = aws.client("sqs"), list[dict[str, Any]]()
    deadline, quiet = time.monotonic() + seconds, 0
    while len(told) < count or quiet < 3:
        assert time.monotonic() < deadline, f"{len(told)} of {count}"
        got = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = got.get("Messages", ())
        quiet = 0 if messages else quiet + 1
        for message in messages:
            alert = json.loads(message["Body"])
            told += [alert] if "kind" in alert else []
            sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
    return told


def ended_once(aws: EmbeddedAWS, stack: Stack, count: int, told: list[dict[str, Any]]) -> None:
    states = aws.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=stack.state_machine_arn
    )
    executions = [execution for page in pages for execution in page["executions"]]
    assert [execution["status"] for execution in executions] == ["SUCCEEDED"] * count
    assert {alert["kind"] for alert in told} == {"run_completed"}
    assert {alert["job_id"] for alert in told} == {execution["name"] for execution in executions}
    # On a machine that is too busy the notifier's answer may come too late, and it is asked again.
    asked = 0
    for execution in executions:
        history = states.get_execution_history(executionArn=execution["executionArn"])["events"]
        asked += sum(event["type"] == "TaskScheduled" for event in history) - len(GLUE_TASKS)
    assert count <= len(told) <= asked
    listed = (
        aws.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=stack.data_bucket, Prefix=RECEIPTS)
    )
    assert sum(page["KeyCount"] for page in listed) == count
    waiting = aws.client("sqs").get_queue_attributes(
        QueueUrl=stack.dlq_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"


def kill_workers(aws: EmbeddedAWS, stop: threading.Event) -> None:
    """The trigger's processes of this emulator, at random."""
    chance, of_trigger = random.Random(7), b"AWS_LAMBDA_FUNCTION_NAME=reconciliation-trigger\0"
    while not stop.wait(0.5):
        workers = [pid for pid, parent in processes() if parent == aws.pid]
        with suppress(
            FileNotFoundError, ProcessLookupError, IndexError
        ):  # it ended meanwhile; none is there
            mine = [p for p in workers if of_trigger in Path(f"/proc/{p}/environ").read_bytes()]
            os.kill(chance.choice(mine), signal.SIGKILL)


def processes() -> list[tuple[int, int]]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    return [(int(pid), int(parent)) for pid, parent in map(str.split, listed.stdout.splitlines())]


@contextmanager
def memory_watched(aws: EmbeddedAWS) -> Iterator[Callable[[], int]]:
    """The most that the emulator and its children held at a time, in bytes."""
    most, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            listed = subprocess.run(
                ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
            )
            rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
            held = sum(rss for pid, parent, rss in rows if aws.pid in (pid, parent)) * 1024
            most[0] = max(most[0], held)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        stop.set()
        watcher.join()
