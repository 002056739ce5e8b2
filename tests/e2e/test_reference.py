"""A profile of two files on the embedded AWS: no reference, then one that was put, then all by one command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from recon.cli import main
from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.output import Output
from recon.pipeline import Pipeline, Received
from recon.reference import list_, put
from recon.resumption import resume
from services.trigger.gateway import Gateway
from services.trigger.settings import TriggerSettings
from shared.layout import Stage
from shared.manifest import ReconciliationFigures, ValidationFigures

pytestmark = pytest.mark.e2e

SAMPLES = Path(__file__).parents[2] / "samples"
STATEMENT = SAMPLES / "inter-razao.csv"
LEDGER = SAMPLES / "reference" / "inter-razao.csv"
PROFILES = SAMPLES.parent / "profiles"
PROFILE = "inter-razao"
T = TypeVar("T")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(auth=True) as running:  # so that the jobs' role counts
        yield running


@pytest.fixture(scope="module")
def pipeline(aws: EmbeddedAWS) -> Pipeline:
    return Pipeline(aws.client, deploy(aws))


@pytest.fixture
def intake(aws: EmbeddedAWS, pipeline: Pipeline) -> Gateway:
    settings = TriggerSettings(
        data_bucket=pipeline.stack.data_bucket,
        state_machine_arn=pipeline.stack.state_machine_arn,
        notifier_function="",
        queue_url=pipeline.stack.queue_url,
    )
    return Gateway(settings, *map(aws.client, ("s3", "stepfunctions", "lambda")))


def until(look: Callable[[], T | None], seconds: float = 90) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def told(pipeline: Pipeline, inbox: str) -> Received:
    return until(lambda: next(iter(pipeline.receive(inbox, 1)), None))


def test_a_run_without_a_reference_says_so_and_goes_on_once_there_is_one(
    pipeline: Pipeline,
    intake: Gateway,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inbox = pipeline.subscribe_queue()
    key = f"{PROFILE}/2026-03-07/extrato.csv"
    version = pipeline.upload(STATEMENT, key)
    job = str(until(lambda: pipeline.receipt(key, version)).job_id)
    missing = told(pipeline, inbox).alert
    assert missing.error is not None
    assert (missing.status, missing.error["code"]) == ("FAILED", "REFERENCE_MISSING")
    assert f"recon reference put ARQUIVO --profile {PROFILE}" in missing.error["hint"]

    assert put(pipeline, LEDGER, PROFILE, Output(as_json=True)) == 0
    name = json.loads(capsys.readouterr().out)["name"]
    resume(pipeline, intake, job, Output())
    done = told(pipeline, inbox)
    assert (done.alert.status, done.alert.verdict) == ("SUCCESS", "divergente")
    assert done.alert.results is not None
    assert done.alert.results["validation"]["reference"]["name"] == name

    manifests = pipeline.manifests(job, f"{job}-R1")
    read = manifests[Stage.VALIDATION].figures_of(ValidationFigures)
    assert read.reference is not None and read.reference.entries == 5
    counts = manifests[Stage.RECONCILIATION].figures_of(ReconciliationFigures).counts
    assert counts == {
        "matched_exact": 1,
        "matched_timing": 1,
        "suggested": 1,
        "missing_in_b": 1,
        "missing_in_a": 1,
        "amount_mismatch": 1,
    }
    capsys.readouterr()
    assert list_(pipeline, PROFILE, Output(as_json=True)) == 0
    (listed,) = json.loads(capsys.readouterr().out)["references"]
    assert (listed["name"], listed["counts"], listed["bytes"]) == (
        name,
        True,
        LEDGER.stat().st_size,
    )


def test_a_file_with_a_reference_and_a_profile_of_ones_own_runs_by_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "meu.toml"
    text = (PROFILES / "inter-razao.toml").read_text(encoding="utf-8")
    own.write_text(text.replace('name = "inter-razao"', 'name = "meu-banco"'), encoding="utf-8")
    out = tmp_path / "out"
    given = ("--profile", str(own), "--reference", str(LEDGER), "--out", str(out), "--json")
    assert main(["run", str(STATEMENT), *given]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["profile"], document["verdict"]) == ("meu-banco", "divergente")
    assert "Referência: " in document["alert_email"]["text"]
    assert "0 dias antes da execução" in document["alert_email"]["text"]
    assert main(["explain", str(out), "6", "--reference"]) == 0
    assert "Linha 6 da referência: Sem contraparte" in capsys.readouterr().out
    assert main(["verify", str(out)]) == 0
