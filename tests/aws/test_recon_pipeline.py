"""What the command asks of the data bucket about uploads that ran nothing, and about a run that was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from recon.pipeline import Pipeline
from shared.intake import IntakeOutcome, Receipt, Upload
from shared.layout import (
    Stage,
    curated_key,
    daily_alert_marker_key,
    intake_alert_marker_key,
    receipt_key,
    receipt_of_marker,
    stage_error_key,
    stage_prefix,
)
from shared.manifest import StageError
from tests.run_cases import JOB, NOW
from tests.stack_case import STACK

DATA, INGRESS = STACK.data_bucket, STACK.ingress_bucket


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    with mock_aws():
        client = partial(boto3.client, region_name="us-east-1")
        for bucket in (DATA, INGRESS, STACK.checkpoints_bucket):
            client("s3").create_bucket(Bucket=bucket)
        yield Pipeline(client, STACK)


def put(key: str, body: str = "{}") -> None:
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=DATA, Key=key, Body=body)


def received(name: str, outcome: IntakeOutcome, *, told: bool = True, **more: Any) -> Receipt:
    """The receipt of an upload, and the marker that people were told of it."""
    upload = Upload(bucket=INGRESS, key=f"2026-02-16/{name}", version=f"v.{name}")
    receipt = Receipt(upload=upload, outcome=outcome, received_at=NOW, **more)
    put(receipt_key(INGRESS, upload.key, upload.version), receipt.to_json())
    if told:
        kind = f"upload_{outcome}"
        put(intake_alert_marker_key(INGRESS, upload.key, upload.version, kind))
    return receipt


def test_refused_and_repeated_uploads_are_listed_and_started_ones_are_not(
    pipeline: Pipeline,
) -> None:
    refused = received("a.xlsx", "refused", code="NOT_CSV")
    received("b.csv", "started", told=False, job_id=JOB.job_id)
    repeated = received("c.csv", "duplicate", job_id=JOB.job_id)
    put(daily_alert_marker_key("file_overdue", "inter", NOW.date()))
    found = list(pipeline.untaken(10))
    assert {each.upload.key: each for each in found} == {
        each.upload.key: each for each in (refused, repeated)
    }
    assert len(list(pipeline.untaken(1))) == 1


def test_an_upload_that_is_being_dealt_with_has_no_receipt_yet(pipeline: Pipeline) -> None:
    put(intake_alert_marker_key(INGRESS, "x.csv", "v1", "upload_refused"))
    assert list(pipeline.untaken(10)) == []


@pytest.mark.parametrize(
    "key",
    [
        daily_alert_marker_key("upload_refused", "x", NOW.date()),
        curated_key("qs_breaks", NOW.date(), "inter", INGRESS, "x"),
        intake_alert_marker_key(INGRESS, "x.csv", "v1", "another_kind"),
    ],
)
def test_only_an_uploads_marker_leads_to_a_receipt(key: str) -> None:
    assert receipt_of_marker(key) is None


def test_a_marker_leads_to_the_receipt_of_its_upload_whatever_the_version_is_called() -> None:
    for version in ("3HL4kqtJlcpXroDTDmJ", "a-upload_refused", "../x"):
        marker = intake_alert_marker_key(INGRESS, "k", version, "upload_duplicate")
        assert receipt_of_marker(marker) == receipt_key(INGRESS, "k", version)


def test_what_the_passes_matched_before_a_run_was_stopped_is_fetched_with_it(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    root = stage_prefix(JOB.job_id, JOB.execution_name, Stage.RECONCILIATION)
    error = StageError(
        job_id=JOB.job_id,
        execution=JOB.execution_name,
        stage=Stage.RECONCILIATION,
        code="TOO_MANY_PAIRS",
        message="pares demais",
        details={"preliminary": f"s3://{DATA}/{root}preliminary.parquet"},
        occurred_at=NOW,
    )
    put(stage_error_key(JOB.job_id, JOB.execution_name, Stage.RECONCILIATION), error.to_json())
    put(f"{root}preliminary.parquet", "PAR1")
    pipeline.fetch_outputs(JOB.job_id, JOB.execution_name, tmp_path)
    assert (tmp_path / "reconciliation" / "preliminary.parquet").read_text() == "PAR1"
    assert (tmp_path / "reconciliation" / "error.json").is_file()


def test_a_run_without_a_report_has_none_to_fetch(pipeline: Pipeline, tmp_path: Path) -> None:
    assert pipeline.fetch_report(JOB.job_id, JOB.execution_name, tmp_path / "x") is None
    assert not (tmp_path / "x").exists()
