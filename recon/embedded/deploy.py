"""Deploys the real template to the embedded AWS. Nothing in the template is there for it.

It does what `sam build` and `sam deploy` do: packages the functions and the definition, puts them
into a bucket, creates or updates the stack, and then publishes the jobs and profiles.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

from recon.embedded.aws import EmbeddedAWS, EmbeddedAWSError
from recon.packages import ROOT, function_archive
from recon.publish import publish
from recon.stack import Stack

TEMPLATE = ROOT / "infra" / "template.yaml"
FUNCTION = "AWS::Serverless::Function"
STATE_MACHINE = "AWS::Serverless::StateMachine"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeployError(EmbeddedAWSError):
    """The stack was not created or updated; the emulator's own reasons are in the message."""

    code = "DEPLOY"


@dataclass(frozen=True)
class Packaged:
    """The artifacts by key, which is their hash, and the key of the template, which is one of them
    (as a request's body it would exceed 51,200 bytes)."""

    artifacts: dict[str, bytes]
    template_key: str


def deploy(
    aws: EmbeddedAWS,
    *,
    prefix: str = "reconciliation",
    parameters: Mapping[str, str] | None = None,
) -> Stack:
    """The stack's name is the prefix. What is there already is updated in place."""
    asked = {"Prefix": prefix, **(parameters or {})}
    bucket = f"{prefix}-artifacts-{aws.account_id}-{aws.region}"  # bucket names are global
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    packaged = package(template, TEMPLATE.parent, bucket, asked)
    _upload(aws, bucket, packaged.artifacts)
    _create_or_update(aws, prefix, f"{aws.endpoint_url}/{bucket}/{packaged.template_key}", asked)
    stack = Stack.find(aws.client, prefix)
    publish(aws.client("s3"), stack.data_bucket)
    return stack


def package(
    template: dict[str, Any], folder: Path, bucket: str, parameters: Mapping[str, str]
) -> Packaged:
    artifacts: dict[str, bytes] = {}

    def artifact(content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        artifacts[key] = content
        return key

    def address(content: bytes) -> str:
        return f"s3://{bucket}/{artifact(content)}"

    resources = {}
    for name, resource in template["Resources"].items():
        properties = dict(resource.get("Properties", {}))
        if resource["Type"] == FUNCTION:
            service = properties["Handler"].split(".")[1]  # services.<service>.handler.…
            properties["CodeUri"] = address(function_archive(service))
        elif resource["Type"] == STATE_MACHINE:
            definition = folder / properties["DefinitionUri"]
            properties["DefinitionUri"] = address(definition.read_bytes())
        resources[name] = {**resource, "Properties": properties}
    numbers = {
        name: json.loads(parameters.get(name, str(parameter.get("Default"))))
        for name, parameter in template.get("Parameters", {}).items()
        if parameter["Type"] == "Number"
    }
    ready = _with_numbers({**template, "Resources": resources}, numbers)
    template_key = artifact(json.dumps(ready, ensure_ascii=False).encode())
    return Packaged(artifacts, template_key)


def _with_numbers(node: Any, numbers: Mapping[str, float]) -> Any:
    """CloudFormation makes a number of a Number parameter where one is due. The emulator passes text
    on, and then polls no queue whose concurrency is "10"."""
    if isinstance(node, dict):
        if set(node) == {"Ref"} and node["Ref"] in numbers:
            return numbers[node["Ref"]]
        return {key: _with_numbers(value, numbers) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_numbers(value, numbers) for value in node]
    return node


def _upload(aws: EmbeddedAWS, bucket: str, artifacts: Mapping[str, bytes]) -> None:
    s3 = aws.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
        )
    for key, content in artifacts.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)


def _create_or_update(
    aws: EmbeddedAWS, name: str, template_url: str, parameters: Mapping[str, str]
) -> None:
    cloudformation = aws.client("cloudformation")
    request = {
        "StackName": name,
        "TemplateURL": template_url,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": CAPABILITIES,
    }
    try:
        cloudformation.create_stack(**request)
        done = "stack_create_complete"
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise
        done = "stack_update_complete"
    try:
        waiter = cloudformation.get_waiter(done)
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    except WaiterError as error:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("FAILED") and "ResourceStatusReason" in event
        ]
        raise DeployError(
            "\n".join([f"A pilha {name!r} não pôde ser implantada.", *reasons])
        ) from error
