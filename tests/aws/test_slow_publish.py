"""A topic that is slow to answer: an alert that is sent again for that goes out twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.notifier.gateway import Gateway
from services.notifier.settings import NotifierSettings

ANSWER = (
    b"<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
)
SLOW = 10  # seconds, as on a machine that 100 runs at once keep busy
REQUESTS: list[str] = []


class Topic(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        REQUESTS.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(SLOW)
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def slow_topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Topic) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@pytest.mark.slow
@pytest.mark.usefixtures("slow_topic")
def test_an_alert_whose_answer_is_slow_to_come_goes_out_once() -> None:
    settings = NotifierSettings(
        data_bucket="data",
        checkpoints_bucket="checkpoints",
        topic_arn="arn:aws:sns:sa-east-1:123456789012:alerts",
        chat_topic_arn="",
    )
    assert Gateway.connect(settings).publish("subject", '{"default": "text"}', {}) == "m-1"
    assert REQUESTS == ["/"]
