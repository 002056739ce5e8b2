"""How the template is made ready for the embedded AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recon import packages
from recon.embedded import deploy

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "n"},
        "Runs": {"Type": "Number", "Default": 50},
    },
    "Resources": {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": ".", "Handler": "services.trigger.handler.lambda_handler"},
        },
        "Machine": {
            "Type": "AWS::Serverless::StateMachine",
            "Properties": {"DefinitionUri": "machine.json", "Name": {"Ref": "Name"}},
        },
        "Job": {
            "Type": "AWS::Glue::Job",
            "Properties": {"ExecutionProperty": {"MaxConcurrentRuns": {"Ref": "Runs"}}},
        },
    },
}


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "function_archive", lambda service: f"zip of {service}".encode())
    (tmp_path / "machine.json").write_text("{}")


def packaged(tmp_path: Path, **parameters: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    found = deploy.package(TEMPLATE, tmp_path, "bucket", parameters)
    resources = json.loads(found.artifacts[found.template_key])["Resources"]
    return {name: r["Properties"] for name, r in resources.items()}, found.artifacts


def test_code_and_definition_point_at_their_artifacts(tmp_path: Path) -> None:
    properties, artifacts = packaged(tmp_path)
    function = properties["Function"]["CodeUri"].removeprefix("s3://bucket/")
    assert artifacts[function] == b"zip of trigger"
    machine = properties["Machine"]["DefinitionUri"].removeprefix("s3://bucket/")
    assert artifacts[machine] == b"{}"


@pytest.mark.parametrize(("parameters", "runs"), [({}, 50), ({"Runs": "7"}, 7)])
def test_number_parameters_become_numbers(
    tmp_path: Path, parameters: dict[str, str], runs: int
) -> None:
    properties, _ = packaged(tmp_path, **parameters)
    assert properties["Job"] == {"ExecutionProperty": {"MaxConcurrentRuns": runs}}
    assert properties["Machine"]["Name"] == {"Ref": "Name"}


def test_equal_content_gives_equal_keys(tmp_path: Path) -> None:
    assert packaged(tmp_path) == packaged(tmp_path)


def test_a_handler_without_its_service_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no service 'none'"):
        packages.function_archive("none")
