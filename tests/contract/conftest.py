"""What the contract tests read: the template and the state machine, as they lie in the repository."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

INFRA = Path(__file__).parents[2] / "infra"
NAMING = (
    "BucketName", "QueueName", "TopicName", "FunctionName", "RoleName", "LogGroupName", "AlarmName",
    "DashboardName", "Name",
)  # fmt: skip
NO_VALUE = object()
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Partition": "aws"}


class Template:
    """The template in one account and region, under its parameters' defaults but for `arguments`.

    A resource stands for its name, `!GetAtt X.Arn` for `<name>.Arn`: enough to see who is meant.
    """

    region = "sa-east-1"

    def __init__(self, document: dict[str, Any], **arguments: str) -> None:
        self.document = document
        self.parameters: dict[str, dict[str, Any]] = document["Parameters"]
        self.function_globals: dict[str, Any] = document.get("Globals", {}).get("Function", {})
        self.outputs: dict[str, dict[str, Any]] = document["Outputs"]
        self._conditions = document["Conditions"]
        self._written = document["Resources"]
        self._arguments = {name: p["Default"] for name, p in self.parameters.items()} | arguments

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        return {logical_id: self._value(resource) for logical_id, resource in self._written.items()}

    def of_type(self, name: str) -> dict[str, dict[str, Any]]:
        """Logical id to properties."""
        return {
            logical_id: resource["Properties"]
            for logical_id, resource in self.resources.items()
            if resource["Type"] == name
        }

    def properties(self, logical_id: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def statements(self, role: str) -> list[dict[str, Any]]:
        """A role's, each with its actions and resources as lists."""
        return [
            {
                **statement,
                "Action": as_list(statement["Action"]),
                "Resource": as_list(statement["Resource"]),
            }
            for policy in self.properties(role)["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def holds(self, condition: str) -> bool:
        return self._holds(self._conditions[condition])

    def _value(self, written: Any) -> Any:
        if isinstance(written, list):
            values = [self._value(item) for item in written]
            return [value for value in values if value is not NO_VALUE]
        if not isinstance(written, dict):
            return written
        match written:
            case {"Ref": name}:
                return self._named(name)
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._named(found[1])), text)
            case {"Fn::GetAtt": path}:
                return self._named(".".join(as_list(path)))
            case {"Fn::Join": [between, parts]}:
                return between.join(self._value(parts))
            case {"Fn::Split": [between, text]}:
                return self._value(text).split(between)
            case {"Fn::If": [condition, yes, no]}:
                return self._value(yes if self._holds(self._conditions[condition]) else no)
        values = {key: self._value(item) for key, item in written.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def _holds(self, condition: dict[str, Any]) -> bool:
        if "Fn::Not" in condition:
            return not self._holds(condition["Fn::Not"][0])
        if "Fn::Or" in condition:
            return any(map(self._holds, condition["Fn::Or"]))
        left, right = self._value(condition["Fn::Equals"])
        return str(left) == str(right)  # as CloudFormation compares a Number with a number

    def _named(self, path: str) -> Any:
        name, dot, attribute = path.partition(".")
        if name == "AWS::Region":
            return self.region
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._arguments:
            return self._arguments[name]
        properties = self._written[name]["Properties"]
        properties = properties.get("DatabaseInput", properties)
        naming = next((key for key in NAMING if key in properties), None)
        if naming is None:
            return path
        return f"{self._value(properties[naming])}{dot}{attribute}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def template() -> Template:
    return Template(yaml_parse((INFRA / "template.yaml").read_text()))


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    """Parsed as it stands: substitutions are parts of strings, so it is JSON before and after them."""
    document: dict[str, Any] = json.loads((INFRA / "pipeline.asl.json").read_text())
    return document
