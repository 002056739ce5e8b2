"""The catalog's tables are those that the jobs write: names, types, order, place. And who may ask Athena for what."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.quicksight_prep.curation import CURATED_TABLES
from shared.layout import ATHENA
from shared.upload_key import FIRST_DAY
from tests.jobs.prep_run import ROOT, Ingress, Run, stand_in

DATA = "reconciliation-data-123456789012-sa-east-1"


@pytest.fixture(autouse=True)
def ingress(monkeypatch: pytest.MonkeyPatch) -> Ingress:
    return stand_in(monkeypatch)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    (folder / "scratch").mkdir()
    return Run(folder / "data", ROOT / "samples" / "divergente.csv", folder / "scratch")


@pytest.fixture
def written(run: Run) -> dict[str, pa.Schema]:
    if not run.data.exists():
        run.all()
    return {table: pq.read_schema(run.curated(table)) for table in CURATED_TABLES}


def tables(template: Any) -> dict[str, dict[str, Any]]:
    found = [table["TableInput"] for table in template.of_type("AWS::Glue::Table").values()]
    return {table["Name"]: table for table in found}


def glue_type(kind: pa.DataType) -> str:
    """As Athena reads it: a type with a blank in it (`decimal(38, 4)`) is no type of Hive's."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return {pa.string(): "string", pa.int32(): "int", pa.int64(): "bigint", pa.date32(): "date"}[
        kind
    ]


def test_the_catalog_has_the_columns_that_a_run_wrote(
    template: Any, written: dict[str, pa.Schema]
) -> None:
    assert tables(template).keys() == written.keys()
    for name, schema in written.items():
        declared = tables(template)[name]["StorageDescriptor"]["Columns"]
        assert [(column["Name"], column["Type"]) for column in declared] == [
            (field.name, glue_type(field.type)) for field in schema
        ], name


def test_every_table_and_column_says_in_portuguese_what_it_holds(template: Any) -> None:
    for table in tables(template).values():
        columns = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
        told = [table["Description"], *(column["Comment"] for column in columns)]
        assert all(10 < len(text) <= 255 for text in told)  # 255: Glue's own limit
        # A column of the same name means the same in each table, or an analyst would have to look it up.
    meant: dict[str, set[str]] = {}
    for table in tables(template).values():
        for column in table["StorageDescriptor"]["Columns"]:
            meant.setdefault(column["Name"], set()).add(column["Comment"])
    differing = {name for name, comments in meant.items() if len(comments) > 1}
    assert differing <= {"moeda", "conciliacoes"}


def test_a_table_lies_where_the_jobs_write_it_and_its_days_need_no_registering(
    template: Any, run: Run, written: dict[str, pa.Schema]
) -> None:
    for name, table in tables(template).items():
        place = table["StorageDescriptor"]["Location"]
        partition = run.curated(name).parent
        assert place == f"s3://{DATA}/{partition.parent.relative_to(run.data)}/"
        # Athena's default: the column's name, an equals sign and the value. So no location template is needed.
        (key,) = table["PartitionKeys"]
        assert re.fullmatch(rf"{key['Name']}=\d{{4}}-\d\d-\d\d", partition.name)
        parameters = table["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.day.type"] == "date"
        assert parameters["projection.day.format"] == "yyyy-MM-dd"
        # What the intake lets in: a test of the key shows the year ahead.
        assert parameters["projection.day.range"] == f"{FIRST_DAY},NOW+1YEARS"
        interval = "projection.day.interval"
        assert (parameters[interval], parameters[f"{interval}.unit"]) == ("1", "DAYS")


def test_the_database_of_a_prefix_with_hyphens_needs_no_quotes(template: Any) -> None:
    staging = type(template)(template.document, Prefix="recon-hml")
    database = staging.properties("CuratedDatabase")["DatabaseInput"]["Name"]
    assert database == "recon_hml"
    assert {table["DatabaseName"] for table in staging.of_type("AWS::Glue::Table").values()} == {
        database
    }


def test_the_workgroup_decides_where_results_go_and_what_a_query_may_read(template: Any) -> None:
    assert template.resources["Workgroup"]["Condition"] == "HasWorkgroup"
    assert template.holds("HasWorkgroup")
    assert not type(template)(template.document, AthenaWorkgroup="no").holds("HasWorkgroup")
    settings = template.properties("Workgroup")["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 1 << 30
    assert settings["ResultConfiguration"] == {
        "OutputLocation": f"s3://{DATA}/{ATHENA}",
        "ExpectedBucketOwner": "123456789012",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    }
    encrypted = type(template)(template.document, CustomerKey="yes").properties("Workgroup")
    result = encrypted["WorkGroupConfiguration"]["ResultConfiguration"]
    assert result["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_KMS",
        "KmsKey": "Key.Arn",
    }


def test_who_asks_athena_reads_the_curated_tables_and_nothing_else_of_the_bucket(
    template: Any,
) -> None:
    def allowed(**parameters: str) -> dict[str, tuple[Any, Any]]:
        policy = type(template)(template.document, **parameters).properties("CuratedReader")
        return {
            statement["Sid"]: (statement["Action"], statement["Resource"])
            for statement in policy["PolicyDocument"]["Statement"]
        }

    plain = allowed()
    bucket = f"{DATA}.Arn"
    of_objects = {
        sid: resource for sid, (action, resource) in plain.items() if bucket in str(resource)
    }
    assert of_objects == {
        "ReadTheTables": f"{bucket}/curated/*",
        "FindObjects": bucket,
        "FindTheBucket": bucket,
        "KeepResults": f"{bucket}/{ATHENA}*",
    }
    assert plain["ReadTheTables"][0] == "s3:GetObject"
    assert not any("*" in action for actions, _ in plain.values() for action in [*actions])
    assert "*" not in [resource for _, resource in plain.values()]
    assert plain["Query"][1].endswith(":workgroup/reconciliation")
    assert "UseTheKey" not in plain
    assert allowed(CustomerKey="yes")["UseTheKey"][1] == "Key.Arn"
