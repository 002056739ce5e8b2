"""The embedded AWS keeps what it would have sent by e-mail."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.mail import Mail


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        yield embedded


def test_an_email_subscriber_gets_the_email_text_and_only_what_its_filter_lets_through(
    aws: EmbeddedAWS,
) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="all@example.com")
    sns.subscribe(
        TopicArn=topic,
        Protocol="email",
        Endpoint="critical@example.com",
        Attributes={"FilterPolicy": json.dumps({"severity": ["CRITICAL"]})},
    )

    message_id = sns.publish(
        TopicArn=topic,
        Subject="[INFO] done",
        MessageStructure="json",
        Message=json.dumps({"default": "{}", "email": "Conciliação concluída"}),
        MessageAttributes={"severity": {"DataType": "String", "StringValue": "INFO"}},
    )["MessageId"]

    assert aws.mails() == [
        Mail(
            message_id=message_id,
            to="all@example.com",
            subject="[INFO] done",
            text="Conciliação concluída",
        )
    ]

    aws.reset()
    assert aws.mails() == []
