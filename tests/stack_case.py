"""A deployed stack as the command finds it, of which nothing is there."""

from __future__ import annotations

from recon.stack import Stack

STACK = Stack(
    name="reconciliation",
    ingress_bucket="ingress",
    data_bucket="data",
    checkpoints_bucket="checkpoints",
    topic_arn="arn:topic",
    state_machine_arn="arn:aws:states:sa-east-1:123456789012:stateMachine:reconciliation-pipeline",
    queue_url="https://queue",
    dlq_url="https://dlq",
    trigger_function="trigger",
    notifier_function="notifier",
    limit_seconds=1200,
)
