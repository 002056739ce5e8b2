"""The deployed pipeline with a subscriber, and what happens to it: an upload, a tick, an event, an alert."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from recon.embedded.aws import EmbeddedAWS
from recon.stack import Stack
from services.timeout_handler import tick
from services.timeout_handler.gateway import Gateway
from services.timeout_handler.runs import Outcome
from tests.e2e.functions_here import timeout_handler


@dataclass
class World:
    aws: EmbeddedAWS
    stack: Stack
    inbox: str
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def gateway(self, limit_seconds: int = 1200, digest_at: str = "") -> Gateway:
        client, stack = self.aws.client, self.stack
        return timeout_handler(client, stack, limit_seconds=limit_seconds, digest_at=digest_at)

    def tick(self, gateway: Gateway, later: timedelta = timedelta()) -> list[Outcome]:
        return tick.search(gateway, datetime.now(UTC) + later)

    def upload(self, profile: str = "default") -> str:
        key = f"{profile}/2026-02-16/{uuid.uuid4().hex}.csv"
        body = uuid.uuid4().hex.encode()
        self.aws.client("s3").put_object(Bucket=self.stack.ingress_bucket, Key=key, Body=body)
        return key

    def arn(self, name: str) -> str:
        return f"{self.stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"

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
