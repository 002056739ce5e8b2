"""The dashboard's queries as they are, on the embedded AWS: the template's catalog and workgroup, a run's tables.

Its Athena is DuckDB and knows no partition projection; it finds the days' folders by listing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.output import Output
from recon.pipeline import Pipeline
from recon.retraction import retract
from services.trigger.gateway import Gateway
from services.trigger.settings import TriggerSettings
from shared.layout import ATHENA, Stage
from shared.manifest import ReconciliationFigures
from shared.upload_key import TIME_ZONE
from tests.dashboard_case import data_sets
from tests.e2e.test_take_back import ended, until, upload

pytestmark = pytest.mark.e2e

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture(scope="module")
def pipeline(aws: EmbeddedAWS) -> Pipeline:
    return Pipeline(aws.client, deploy(aws))


def asked(aws: EmbeddedAWS, sql: str) -> list[dict[str, str]]:
    athena = aws.client("athena")
    query = athena.start_query_execution(
        QueryString=sql,
        WorkGroup="reconciliation",
        QueryExecutionContext={"Database": "reconciliation"},
    )["QueryExecutionId"]

    def look() -> Any:
        found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return None if found["Status"]["State"] in ("QUEUED", "RUNNING") else found

    over = until(look)
    assert over["Status"]["State"] == "SUCCEEDED", over["Status"]
    assert f"/{ATHENA}" in over["ResultConfiguration"]["OutputLocation"]
    header, *rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    names = [cell["VarCharValue"] for cell in header["Data"]]
    return [
        dict(zip(names, (cell.get("VarCharValue", "") for cell in row["Data"]), strict=True))
        for row in rows
    ]


def test_what_runs_curated_athena_finds_until_it_is_taken_back(
    aws: EmbeddedAWS, pipeline: Pipeline
) -> None:
    today = datetime.now(TIME_ZONE).date()
    receipts = [
        upload(pipeline, f"{today}/{sample}.csv", SAMPLES / f"{sample}.csv")
        for sample in ("divergente", "conciliado")
    ]
    jobs = [receipt.job_id or "" for receipt in receipts]
    for receipt in receipts:
        assert ended(pipeline, receipt.execution_name) == "SUCCEEDED"
    first = receipts[0].execution_name or ""
    manifest = pipeline.manifests(jobs[0], first)[Stage.RECONCILIATION]
    figures = manifest.figures_of(ReconciliationFigures)

    found = {name: asked(aws, data_set.sql) for name, data_set in data_sets().items()}

    for name, data_set in data_sets().items():
        assert list(found[name][0]) == list(data_set.columns)
        assert {row["dia"] for row in found[name]} == {str(today)}
    assert {row["job_id"]: row["divergencias"] for row in found["Execuções"]} == {
        jobs[0]: str(figures.breaks),
        jobs[1]: "0",
    }
    assert len(found["Divergências"]) == figures.breaks
    assert {
        row["moeda"]: row["diferenca_bruta"] for row in found["Totais"] if row["job_id"] == jobs[0]
    } == {of.currency: f"{of.gross / 100:.4f}" for of in figures.currencies}

    settings = TriggerSettings(
        data_bucket=pipeline.stack.data_bucket,
        state_machine_arn=pipeline.stack.state_machine_arn,
        notifier_function="",
        queue_url=pipeline.stack.queue_url,
    )
    intake = Gateway(settings, *map(aws.client, ("s3", "stepfunctions", "lambda")))
    assert retract(pipeline, intake, jobs[0], "extrato de outra conta", Output()) == 0
    for name, data_set in data_sets().items():
        left = [row for row in found[name] if row["job_id"] == jobs[1]]
        assert sorted(asked(aws, data_set.sql), key=str) == sorted(left, key=str)
