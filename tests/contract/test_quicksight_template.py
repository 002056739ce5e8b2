"""The dashboard before those who judge it without AWS: cfn-lint, botocore's models, and what can be seen by looking.

What its queries answer is in tests/jobs/test_dashboard_queries.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tests.dashboard_case import (
    PARAMETERS,
    TEMPLATE,
    data_sets,
    definition,
    in_scope,
    of_type,
    resources,
    visuals,
)

PRINCIPAL = PARAMETERS["PrincipalArn"]
READING = {"Describe", "List", "Query", "Pass"}


@pytest.fixture(scope="module")
def with_quicksight(template: Any) -> Any:
    return type(template)(template.document, QuickSightPrincipalArn=PRINCIPAL)


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(TEMPLATE)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("DataSource", "CreateDataSource"),
        ("DataSet", "CreateDataSet"),
        ("Analysis", "CreateAnalysis"),
        ("Dashboard", "CreateDashboard"),
    ],
)
def test_the_api_that_cloudformation_calls_knows_every_property(kind: str, operation: str) -> None:
    model = botocore.session.get_session().get_service_model("quicksight")
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    found = of_type(kind)
    assert found
    for properties in found.values():
        # How long CloudFormation itself waits is none of the API's business.
        request = {k: v for k, v in properties.items() if k != "IngestionWaitPolicy"}
        assert ParamValidator().validate(request, shape).generate_report() == ""
        assert not _unknown(request, shape), properties


def _unknown(value: Any, shape: Any, path: str = "") -> list[str]:
    """Members that the model does not have: botocore's own check passes over them in a list or a map."""
    if shape.type_name == "structure":
        return [
            bad
            for key, item in value.items()
            for bad in (
                _unknown(item, shape.members[key], f"{path}.{key}")
                if key in shape.members
                else [f"{path}.{key}"]
            )
        ]
    if shape.type_name == "list":
        return [bad for item in value for bad in _unknown(item, shape.member, path)]
    if shape.type_name == "map":
        return [bad for item in value.values() for bad in _unknown(item, shape.value, path)]
    return []


def test_it_is_a_stack_of_its_own_by_parameter_and_gets_what_it_asks_for(
    template: Any, with_quicksight: Any
) -> None:
    assert not template.holds("HasQuickSight")
    for part in ("QuickSight", "QuickSightRefresh"):
        assert template.resources[part]["Condition"] == "HasQuickSight"
    assert template.outputs["DashboardUrl"]["Condition"] == "HasQuickSight"
    stack = with_quicksight.properties("QuickSight")
    assert stack["TemplateURL"] == TEMPLATE.name
    asked = {name for name in PARAMETERS if ":" not in name}
    assert stack["Parameters"].keys() == asked
    assert stack["Parameters"]["PrincipalArn"] == PRINCIPAL
    assert stack["Parameters"]["Database"] == "reconciliation"
    without = type(template)(
        template.document, QuickSightPrincipalArn=PRINCIPAL, AthenaWorkgroup="no"
    )
    assert without.holds("HasWorkgroup")  # its queries need one


def test_the_tick_refreshes_the_data_sets_that_there_are_and_may_nothing_else(
    template: Any, with_quicksight: Any
) -> None:
    ids = [data_set.id for data_set in data_sets().values()]
    given = with_quicksight.properties("TimeoutHandler")["Environment"]["Variables"]
    assert given["DATA_SETS"].split(",") == ids
    assert given["REFRESHES_A_DAY"] == "24"
    assert template.properties("TimeoutHandler")["Environment"]["Variables"]["DATA_SETS"] == ""
    refresh = with_quicksight.properties("QuickSightRefresh")
    assert refresh["Roles"] == ["reconciliation-timeout-handler-sa-east-1"]
    allowed = {s["Sid"]: s for s in refresh["PolicyDocument"]["Statement"]}
    assert allowed["RefreshDataSets"]["Resource"] == [
        f"arn:aws:quicksight:sa-east-1:123456789012:dataset/{name}/ingestion/*" for name in ids
    ]
    bucket = "reconciliation-data-123456789012-sa-east-1.Arn"
    assert allowed["SeeChanges"]["Resource"] == f"{bucket}/curated/changed.json"
    assert allowed["KeepRefreshes"]["Resource"] == f"{bucket}/curated/refreshes.json"


def test_no_more_refreshes_can_be_asked_for_than_quicksight_makes(template: Any) -> None:
    model = botocore.session.get_session().get_service_model("quicksight")
    documented = model.operation_model("CreateIngestion").documentation
    limit = template.parameters["QuickSightRefreshes"]
    assert f"Enterprise edition account {limit['MaxValue']} times in a 24-hour period" in documented
    assert limit["Default"] < limit["MaxValue"]  # people refresh by hand, too


def test_the_source_asks_athena_as_a_role_that_reads_the_curated_tables() -> None:
    (source,) = of_type("DataSource").values()
    athena = source["DataSourceParameters"]["AthenaParameters"]
    assert athena == {"WorkGroup": PARAMETERS["Workgroup"], "RoleArn": "arn:aws:SourceRole.Arn"}
    role = resources()["SourceRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "quicksight.amazonaws.com"}
    assert role["ManagedPolicyArns"] == [PARAMETERS["ReaderPolicyArn"]]
    assert "Policies" not in role


@pytest.mark.parametrize("kind", ["DataSource", "DataSet", "Analysis", "Dashboard"])
def test_the_principal_owns_what_it_changes_and_reads_what_the_stack_keeps(kind: str) -> None:
    for properties in of_type(kind).values():
        (permission,) = properties["Permissions"]
        assert permission["Principal"] == PRINCIPAL
        verbs = {action.split(":")[1] for action in permission["Actions"]}
        reads = all(any(verb.startswith(r) for r in READING) for verb in verbs)
        assert reads == (kind in ("DataSource", "DataSet"))


# Data sets


def test_a_data_set_is_a_curated_table_with_every_column_and_its_day(template: Any) -> None:
    catalog = {
        table["TableInput"]["Name"]: table["TableInput"]
        for table in template.of_type("AWS::Glue::Table").values()
    }
    types = {
        "string": "STRING",
        "int": "INTEGER",
        "bigint": "INTEGER",
        "date": "DATETIME",
        "decimal(38,4)": "DECIMAL",
    }
    read = set()
    for data_set in data_sets().values():
        (name,) = (n for n in catalog if f"from reconciliation.{n}\n" in data_set.sql)
        read.add(name)
        columns = catalog[name]["StorageDescriptor"]["Columns"]
        expected = {column["Name"]: types[column["Type"]] for column in columns}
        assert data_set.columns == expected | {"dia": "DATETIME"}
        # What an analyst reads beside a field is what the catalog says of its column.
        said = {column["Name"]: column["Comment"] for column in columns}
        for column, field in data_set.fields.items():
            assert column == "dia" or data_set.descriptions[field] == said[column]
    assert read == catalog.keys()


def test_each_field_has_a_name_for_people_and_says_what_it_is() -> None:
    meant: dict[str, set[str]] = {}
    for data_set in data_sets().values():
        assert data_set.fields.keys() == data_set.columns.keys()
        assert len(set(data_set.fields.values())) == len(data_set.fields)
        assert data_set.descriptions.keys() == set(data_set.fields.values())
        for column, field in data_set.fields.items():
            meant.setdefault(field, set()).add(data_set.columns[column])
            assert "_" not in field and field[0].isupper()
    assert all(len(types) == 1 for types in meant.values())


def test_data_sets_are_in_spice_and_a_deployment_does_not_wait_for_them() -> None:
    for properties in of_type("DataSet").values():
        assert properties["ImportMode"] == "SPICE"
        assert properties["IngestionWaitPolicy"] == {"WaitForSpiceIngestion": False}


def test_amounts_are_fixed_decimals() -> None:
    for properties in of_type("DataSet").values():
        (table,) = properties["PhysicalTableMap"].values()
        for column in table["CustomSql"]["Columns"]:
            assert column.get("SubType") == ("FIXED" if column["Type"] == "DECIMAL" else None)


# Analysis and dashboard


def test_the_analysis_is_what_the_dashboard_shows() -> None:
    (analysis,) = of_type("Analysis").values()
    assert analysis["Definition"] == definition()


def test_every_field_of_a_visual_is_one_of_its_data_set() -> None:
    sets = data_sets()
    calculated = {c["Name"] for c in definition()["CalculatedFields"]}
    for visual in visuals().values():
        data_set = sets[visual.data_set]
        for field in visual.fields:
            if field.column in calculated:
                continue
            kind = data_set.type_of(field.column)
            if field.aggregation == "SUM":
                assert kind in ("INTEGER", "DECIMAL"), field.id


def test_ids_are_used_once() -> None:
    fields = Counter(field.id for visual in visuals().values() for field in visual.fields)
    assert set(fields.values()) == {1}
    filters = [
        f for g in definition()["FilterGroups"] for each in g["Filters"] for f in each.values()
    ]
    assert len({each["FilterId"] for each in filters}) == len(filters)
    controls = [c for sheet in definition()["Sheets"] for c in controls_of(sheet)]
    assert len(set(controls)) == len(controls)


def controls_of(sheet: dict[str, Any]) -> list[str]:
    ids = [c["FilterControlId"] for each in sheet["FilterControls"] for c in each.values()]
    return ids + [
        c["ParameterControlId"]
        for each in sheet.get("ParameterControls", [])
        for c in each.values()
    ]


def elements(layouts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for layout in layouts for e in layout["Configuration"]["GridLayout"]["Elements"]]


def test_every_visual_and_control_has_its_place_and_no_place_is_empty() -> None:
    for sheet in definition()["Sheets"]:
        placed = elements(sheet["Layouts"])
        there = [visual.id for visual in visuals().values() if visual.sheet == sheet["SheetId"]]
        assert [element["ElementId"] for element in placed] == there
        row = 0
        for element in placed:  # rows are full: the grid has 36 columns
            row = row % 36 + element["ColumnSpan"]
            assert row <= 36
        assert row == 36
        controls = [element["ElementId"] for element in elements(sheet["SheetControlLayouts"])]
        assert sorted(controls) == sorted(controls_of(sheet))


def test_what_is_sorted_filtered_and_controlled_exists() -> None:
    sets, shown = data_sets(), visuals()
    for visual in shown.values():
        ids = {field.id for field in visual.fields}
        for sort in visual.sorts:
            if "FieldSort" in sort:
                assert sort["FieldSort"]["FieldId"] in ids
            else:
                by = sort["ColumnSort"]["SortBy"]
                assert by["DataSetIdentifier"] == visual.data_set
                assert by["ColumnName"] in sets[visual.data_set].fields.values()
    filters = set()
    for group in definition()["FilterGroups"]:
        assert any(in_scope(group, visual) for visual in shown.values())
        for each in group["Filters"]:
            for condition in each.values():
                column = condition["Column"]
                names = sets if group["CrossDataset"] == "ALL_DATASETS" else {column["DataSetIdentifier"]}  # fmt: skip
                assert all(column["ColumnName"] in sets[name].fields.values() for name in names)
                filters.add(condition["FilterId"])
    for sheet in definition()["Sheets"]:
        for control in sheet["FilterControls"]:
            for each in control.values():
                assert each["SourceFilterId"] in filters


def test_no_visual_adds_up_amounts_of_two_currencies() -> None:
    sets = data_sets()
    of_currency = [
        group
        for group in definition()["FilterGroups"]
        if any(
            f["Column"]["ColumnName"] == "Moeda" for each in group["Filters"] for f in each.values()
        )
    ]
    added_up = 0
    for visual in visuals().values():
        amounts = [
            field
            for field in visual.fields
            if field.aggregation and sets[field.data_set].type_of(field.column) == "DECIMAL"
        ]
        if amounts:
            added_up += 1
            assert any(
                in_scope(group, visual)
                and any(
                    f["Column"]["DataSetIdentifier"] == visual.data_set
                    for each in group["Filters"]
                    for f in each.values()
                )
                for group in of_currency
            ), visual.id
    assert added_up == 3
