"""Functions' ways to the embedded AWS, in the test's own process: where its clock can be set forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from recon.stack import Stack
from services.timeout_handler import tick
from services.timeout_handler.gateway import Gateway as TimeoutHandler
from services.timeout_handler.runs import Outcome
from services.timeout_handler.settings import TimeoutSettings
from services.trigger.gateway import Gateway as Trigger
from services.trigger.settings import TriggerSettings

Client = Callable[[str], Any]


def trigger(client: Client, stack: Stack) -> Trigger:
    settings = TriggerSettings(
        data_bucket=stack.data_bucket,
        state_machine_arn=stack.state_machine_arn,
        notifier_function=f"{stack.name}-notifier",
        queue_url=stack.queue_url,
    )
    return Trigger(settings, client("s3"), client("stepfunctions"), client("lambda"))


def timeout_handler(
    client: Client, stack: Stack, *, limit_seconds: int = 1200, digest_at: str = ""
) -> TimeoutHandler:
    settings = TimeoutSettings(
        ingress_bucket=stack.ingress_bucket,
        data_bucket=stack.data_bucket,
        checkpoints_bucket=stack.checkpoints_bucket,
        queue_url=stack.queue_url,
        state_machine_arn=stack.state_machine_arn,
        notifier_function=f"{stack.name}-notifier",
        glue_jobs=f"{stack.name}-validation",
        limit_seconds=limit_seconds,
        digest_at=digest_at,
        data_sets="",
        refreshes_a_day=24,
    )
    services = ("s3", "stepfunctions", "glue", "sqs", "lambda")
    return TimeoutHandler(settings, *map(client, services))


def tick_later(client: Client, stack: Stack, minutes: int) -> list[Outcome]:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    return tick.search(timeout_handler(client, stack), now)
