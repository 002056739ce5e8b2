"""What the deployed stack is made of, wherever it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import ClientError

from recon.errors import UsageError


@dataclass(frozen=True)
class Stack:
    """limit_seconds: what a run may take, as it was deployed."""

    name: str
    ingress_bucket: str
    data_bucket: str
    checkpoints_bucket: str
    topic_arn: str
    state_machine_arn: str
    queue_url: str
    dlq_url: str
    trigger_function: str
    notifier_function: str
    limit_seconds: int

    @classmethod
    def find(cls, client: Callable[[str], Any], name: str) -> Self:
        """client: service name → boto3 client."""
        try:
            stack = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise UsageError(
                f"Não há pilha {name!r} nesta conta e região.",
                hint="Diga qual é com --stack-name, ou implante-a como o README mostra.",
            ) from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
        return cls(
            name=name,
            ingress_bucket=outputs["IngressBucket"],
            data_bucket=outputs["DataBucket"],
            checkpoints_bucket=outputs["CheckpointsBucket"],
            topic_arn=outputs["TopicArn"],
            state_machine_arn=outputs["StateMachineArn"],
            queue_url=outputs["QueueUrl"],
            dlq_url=outputs["DlqUrl"],
            trigger_function=outputs["TriggerFunction"],
            notifier_function=outputs["NotifierFunction"],
            limit_seconds=int(parameters["LimitSeconds"]),
        )
