"""One emulator for a file that asks for `world`; each test finds it newly deployed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from tests.e2e.pipeline_world import World


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
