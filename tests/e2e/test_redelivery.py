"""A trigger that fails for a while takes the upload in soon after, once; a message that always fails is set apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.stack import Stack

pytestmark = pytest.mark.e2e
TRIGGER = "reconciliation-trigger"


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as aws:
        yield aws


def until(look: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def read_from(aws: EmbeddedAWS, bucket: str) -> None:
    """Points the trigger at a data bucket, that there is or is not."""
    functions = aws.client("lambda")
    given = functions.get_function_configuration(FunctionName=TRIGGER)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=TRIGGER, Environment={"Variables": given | {"DATA_BUCKET": bucket}}
    )


def failures(aws: EmbeddedAWS) -> int:
    """Attempts that failed, by the trigger's own metric in its log."""
    events = aws.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{TRIGGER}", filterPattern='"FailedMessageAge"'
    )["events"]
    return len(events)


def executions(aws: EmbeddedAWS, stack: Stack) -> list[str]:
    found = aws.client("stepfunctions").list_executions(stateMachineArn=stack.state_machine_arn)
    return [execution["name"] for execution in found["executions"]]


@pytest.mark.parametrize(
    ("times", "seconds"), [(1, 20), pytest.param(2, 60, marks=pytest.mark.slow)]
)
def test_an_upload_whose_trigger_failed_is_started_within_a_minute(
    aws: EmbeddedAWS, times: int, seconds: float
) -> None:
    stack = deploy(aws)
    read_from(aws, "no-such-bucket")
    began = time.monotonic()
    aws.client("s3").put_object(Bucket=stack.ingress_bucket, Key="2026-02-16/a.csv", Body=b"side\n")
    until(lambda: failures(aws) == times, 60)
    read_from(aws, stack.data_bucket)
    left = seconds - (time.monotonic() - began)
    assert len(until(lambda: executions(aws, stack), left)) == 1


@pytest.mark.slow
@pytest.mark.timeout(720)
def test_a_message_that_always_fails_is_a_dead_letter_within_seven_minutes(
    aws: EmbeddedAWS,
) -> None:
    stack = deploy(aws)
    aws.client("sqs").send_message(QueueUrl=stack.queue_url, MessageBody='{"Records": [{}]}')
    dead = until(
        lambda: aws.client("sqs").receive_message(QueueUrl=stack.dlq_url).get("Messages"), 7 * 60
    )
    assert [message["Body"] for message in dead] == ['{"Records": [{}]}']
    assert failures(aws) == 5
