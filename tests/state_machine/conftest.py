"""One emulator for the whole folder: a run is told apart by its name, and faults are set anew by each."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from tests.state_machine.pipeline import Pipeline, until


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(wait_scale=0) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def pipeline(aws: EmbeddedAWS) -> Pipeline:
    return Pipeline(aws)


@pytest.fixture
def received(aws: EmbeddedAWS, pipeline: Pipeline) -> Callable[[], dict[str, Any]]:
    """The next message that a queue of the test's own, subscribed to the topic, gets."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    queue = sqs.create_queue(QueueName=f"subscriber-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(
        TopicArn=pipeline.topic_arn, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )

    def receive() -> dict[str, Any]:
        messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 5)
        envelope: dict[str, Any] = json.loads(messages[0]["Body"])
        return envelope

    return receive
