"""A topic that is slow to answer, or does not: an alert that is sent again for that goes out twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ConnectionClosedError

from services.notifier.gateway import Gateway
from services.notifier.settings import NotifierSettings

ANSWER = (
    b"<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
)
SLOW = 10  # seconds, as on a machine that 100 runs at once keep busy


class Topic(ThreadingHTTPServer):
    """Answers each request with the next of `answers`, the last one for good; None: it hangs up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Publishing)
        self.requests = 0
        self.seconds = 0
        self.answers: list[int | None] = [200]


class Publishing(BaseHTTPRequestHandler):
    server: Topic

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answers = self.server.answers
        status = answers[min(self.server.requests, len(answers) - 1)]
        self.server.requests += 1
        time.sleep(self.server.seconds)
        if status is None:
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    with Topic() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()


@pytest.mark.slow
def test_an_alert_whose_answer_is_slow_to_come_goes_out_once(topic: Topic) -> None:
    topic.seconds = SLOW
    assert publish() == "m-1"
    assert topic.requests == 1


def test_an_alert_whose_answer_is_lost_is_not_sent_again_by_the_client(topic: Topic) -> None:
    topic.answers = [None, 200]
    with pytest.raises(ConnectionClosedError):
        publish()
    assert topic.requests == 1


def test_an_alert_that_the_topic_refused_is_sent_again(topic: Topic) -> None:
    topic.answers = [503, 200]
    assert publish() == "m-1"
    assert topic.requests == 2


def publish() -> str:
    settings = NotifierSettings(
        data_bucket="data",
        checkpoints_bucket="checkpoints",
        topic_arn="arn:aws:sns:sa-east-1:123456789012:alerts",
        chat_topic_arn="",
    )
    return Gateway.connect(settings).publish("subject", '{"default": "text"}', {})
