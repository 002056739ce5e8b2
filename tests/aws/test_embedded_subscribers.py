"""Each kind of subscriber gets its own form of every alert, and the policies of docs/alerts.md keep their word.

The deployed notifier tells, on the embedded AWS, which calls a web end point over plain HTTP on the loopback address.
"""

from __future__ import annotations

import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.stack import Stack
from shared import layout
from shared.alert import Alert
from tests.alert_examples import EXAMPLES, MANIFESTS_OF, STAGE_ERRORS
from tests.waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
POLICIES = re.findall(
    r"```json\n(.*?)\n```\n\nLets through: (.+)", PAGE.read_text(encoding="utf-8")
)
LISTENER = """
import json, boto3
def heard(event, context):
    for record in event["Records"]:
        body = json.dumps(record["Sns"])
        boto3.client("s3").put_object(Bucket="heard", Key=record["Sns"]["MessageId"], Body=body)
"""


class WebHook(ThreadingHTTPServer):
    """What a team might run: it confirms its subscription by the address in it, and keeps what comes."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.got: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/alertas"

    def confirm(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.asked[-1]["SubscribeURL"], timeout=10) as answer:
            assert answer.status == 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                kind = self.headers["x-amz-sns-message-type"]
                (hook.asked if kind == "SubscriptionConfirmation" else hook.got).append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        return Handler


@dataclass
class World:
    aws: EmbeddedAWS
    stack: Stack
    hook: WebHook
    queues: dict[str, str] = field(default_factory=dict)
    _read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def chat_topic(self) -> str:
        return self.stack.topic_arn.replace("-alerts", "-chat")

    def subscribe_queue(self, name: str, topic: str, policy: str = "") -> None:
        sqs = self.aws.client("sqs")
        self.queues[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{self.aws.region}:{self.aws.account_id}:{name}"
        attributes = {"FilterPolicy": policy} if policy else {}
        self.aws.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes
        )

    def heard(self, name: str) -> list[dict[str, Any]]:
        """All that a queue was sent, once everything is told: delivery to queues is part of publishing."""
        if name not in self._read:
            sqs, read = self.aws.client("sqs"), []
            while messages := sqs.receive_message(
                QueueUrl=self.queues[name], MaxNumberOfMessages=10
            ).get("Messages"):
                for message in messages:
                    read.append(json.loads(message["Body"]))
                    sqs.delete_message(
                        QueueUrl=self.queues[name], ReceiptHandle=message["ReceiptHandle"]
                    )
            self._read[name] = read
        return self._read[name]

    def tell(self, request: Any) -> None:
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.stack.notifier_function, Payload=request.to_json().encode()
        )
        assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Everybody subscribes, one alert goes out before the web hook confirms, then all the others."""
    assert len(POLICIES) > 5
    with EmbeddedAWS() as aws, WebHook() as hook:
        Thread(target=hook.serve_forever, daemon=True).start()
        world = World(aws, deploy(aws, parameters={"Chat": "yes"}), hook)
        sns, topic, s3 = aws.client("sns"), world.stack.topic_arn, aws.client("s3")
        for stages in MANIFESTS_OF.values():
            for stage, found in stages.items():
                key = layout.manifest_key(found.job_id, found.execution, stage)
                s3.put_object(Bucket=world.stack.data_bucket, Key=key, Body=found.to_json())
        for error in STAGE_ERRORS.values():
            key = layout.stage_error_key(error.job_id, error.execution, error.stage)
            s3.put_object(Bucket=world.stack.data_bucket, Key=key, Body=error.to_json())

        world.subscribe_queue("all", topic)
        world.subscribe_queue("chat", world.chat_topic)
        for number, (policy, _) in enumerate(POLICIES):
            world.subscribe_queue(f"policy-{number}", topic, policy)
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="analista@example.com")
        _subscribe_function(aws, topic)
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url)
        until(lambda: hook.asked or None)

        first, *others = EXAMPLES
        world.tell(first)
        assert hook.got == []
        hook.confirm()
        for request in others:
            world.tell(request)
        yield world
        hook.shutdown()


def _subscribe_function(aws: EmbeddedAWS, topic: str) -> None:
    where = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket="heard", CreateBucketConfiguration=where)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("listener.py", LISTENER)
    arn = aws.client("lambda").create_function(
        FunctionName="listener",
        Runtime="python3.13",
        Handler="listener.heard",
        Role=f"arn:aws:iam::{aws.account_id}:role/listener",
        Code={"ZipFile": archive.getvalue()},
        Timeout=120,  # on a busy machine boto3 takes its time to load, in several processes at once
    )["FunctionArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)


def kind_of(message: dict[str, Any]) -> tuple[str, str]:
    return tuple(message["MessageAttributes"][name]["Value"] for name in ("kind", "severity"))  # type: ignore[return-value]


def test_a_queue_gets_every_alert_as_json_with_its_attributes(world: World) -> None:
    heard = world.heard("all")
    assert [kind_of(message)[0] for message in heard] == [request.kind for request in EXAMPLES]
    for message in heard:
        alert = Alert.from_json(message["Message"])
        assert (alert.kind, alert.severity) == kind_of(message)
        assert re.fullmatch(r"[\x20-\x7e]{1,99}", message["Subject"])


def test_a_function_gets_what_a_queue_gets(world: World) -> None:
    s3 = world.aws.client("s3")

    def listed() -> list[Any] | None:
        found = s3.list_objects_v2(Bucket="heard").get("Contents", [])
        return found if len(found) == len(EXAMPLES) else None

    records = [
        json.loads(s3.get_object(Bucket="heard", Key=each["Key"])["Body"].read())
        for each in until(listed, seconds=120)
    ]
    queued = {message["MessageId"]: message for message in world.heard("all")}
    assert {record["MessageId"] for record in records} == queued.keys()
    for record in records:
        assert record["Message"] == queued[record["MessageId"]]["Message"]
        assert record["MessageAttributes"]["kind"]["Value"] == json.loads(record["Message"])["kind"]


def test_a_web_hook_gets_nothing_before_it_confirms_and_then_what_a_queue_gets(
    world: World,
) -> None:
    until(lambda: True if len(world.hook.got) == len(EXAMPLES) - 1 else None)
    assert [ask["Type"] for ask in world.hook.asked] == ["SubscriptionConfirmation"]
    queued = {message["MessageId"]: message["Message"] for message in world.heard("all")[1:]}
    assert {got["MessageId"]: got["Message"] for got in world.hook.got} == queued


def test_an_e_mail_is_the_text_for_people(world: World) -> None:
    mails = {mail.message_id: mail for mail in world.aws.mails()}
    queued = {message["MessageId"]: message for message in world.heard("all")}
    assert mails.keys() == queued.keys()
    for message_id, mail in mails.items():
        alert = Alert.from_json(queued[message_id]["Message"])
        assert mail.subject == queued[message_id]["Subject"]
        assert mail.text.startswith(f"{alert.message}\n\n")
        assert "schema_version" not in mail.text


def test_a_chat_gets_its_own_schema_on_its_own_topic_with_the_same_attributes(
    world: World,
) -> None:
    queued = {message["MessageId"]: message for message in world.heard("all")}
    posts = world.heard("chat")
    assert len(posts) == len(EXAMPLES)
    for message in posts:
        post = json.loads(message["Message"])
        assert (post["version"], post["source"]) == ("1.0", "custom")
        assert post["content"]["textType"] == "client-markdown"
        assert message["MessageAttributes"] == queued[post["id"]]["MessageAttributes"]


@pytest.mark.parametrize("number", range(len(POLICIES)))
def test_a_policy_of_the_page_lets_through_what_the_page_says(world: World, number: int) -> None:
    _, through = POLICIES[number]
    said = [tuple(each.split()) for each in re.findall(r"`(.+?)`", through)]
    assert [kind_of(message) for message in world.heard(f"policy-{number}")] == said
