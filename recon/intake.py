"""The trigger's gateway for the command: the chain of claims on an upload's bytes is one, whoever appends to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recon.stack import Stack
from services.trigger.gateway import Gateway
from services.trigger.settings import TriggerSettings


def gateway(client: Callable[[str], Any], stack: Stack) -> Gateway:
    """client: service name → boto3 client. Nobody is told from here, so it needs no notifier."""
    settings = TriggerSettings(
        data_bucket=stack.data_bucket,
        state_machine_arn=stack.state_machine_arn,
        notifier_function="",
        queue_url=stack.queue_url,
    )
    return Gateway(settings, client("s3"), client("stepfunctions"), client("lambda"))
