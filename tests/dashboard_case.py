"""infra/quicksight.yaml as QuickSight would understand it: data sets under their field names, visuals, filters.

And each of them as SQL: a data set's own, in DuckDB's dialect, and the aggregation that a visual asks of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import sqlglot
from samtranslator.yaml_helper import yaml_parse
from sqlglot import exp

TEMPLATE = Path(__file__).parents[1] / "infra" / "quicksight.yaml"
PARAMETERS = {
    "Prefix": "reconciliation",
    "Database": "reconciliation",
    "Workgroup": "reconciliation",
    "ReaderPolicyArn": "arn:aws:iam::123456789012:policy/reader",
    "PrincipalArn": "arn:aws:quicksight:us-east-1:123456789012:group/default/analistas",
    "Days": "400",
    "AWS::AccountId": "123456789012",
    "AWS::Region": "sa-east-1",
}
Definition = dict[str, Any]


@cache
def resources() -> dict[str, dict[str, Any]]:
    """Logical id → resource, parameters filled in; `!GetAtt X.Arn` is `arn:aws:X.Arn`."""
    found: dict[str, dict[str, Any]] = _filled(yaml_parse(TEMPLATE.read_text("utf-8"))["Resources"])
    return found


def _filled(written: Any) -> Any:
    match written:
        case {"Ref": name} if len(written) == 1:
            return PARAMETERS.get(name, name)
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: PARAMETERS[found[1]], text)
        case {"Fn::GetAtt": path}:
            return "arn:aws:" + (path if isinstance(path, str) else ".".join(path))
        case dict():
            return {key: _filled(value) for key, value in written.items()}
        case list():
            return [_filled(value) for value in written]
    return written


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in resources().items()
        if resource["Type"] == f"AWS::QuickSight::{kind}"
    }


def definition() -> Definition:
    (dashboard,) = of_type("Dashboard").values()
    found: Definition = dashboard["Definition"]
    return found


@dataclass(frozen=True)
class DataSet:
    """columns: name in the SQL → type. fields: name in the SQL → name that people see."""

    id: str
    sql: str
    columns: dict[str, str]
    fields: dict[str, str]
    descriptions: dict[str, str]

    def type_of(self, field: str) -> str:
        (column,) = (column for column, name in self.fields.items() if name == field)
        return self.columns[column]

    def as_duckdb(self, today: date) -> str:
        """The SQL that Athena gets, translated, on another day than the test's."""
        tree = sqlglot.parse_one(self.sql, dialect="trino")
        day = exp.cast(exp.Literal.string(today.isoformat()), "date")
        return tree.transform(
            lambda node: day.copy() if isinstance(node, exp.CurrentDate) else node
        ).sql("duckdb")


def data_sets() -> dict[str, DataSet]:
    """By the identifier that the dashboard knows them by."""
    written = of_type("DataSet")
    found = {}
    for declared in definition()["DataSetIdentifierDeclarations"]:
        properties = written[declared["DataSetArn"].removeprefix("arn:aws:").removesuffix(".Arn")]
        (table,) = properties["PhysicalTableMap"].values()
        (logical,) = properties["LogicalTableMap"].values()
        operations = logical["DataTransforms"]
        renamed = [o["RenameColumnOperation"] for o in operations if "RenameColumnOperation" in o]
        tagged = [o["TagColumnOperation"] for o in operations if "TagColumnOperation" in o]
        found[declared["Identifier"]] = DataSet(
            properties["DataSetId"],
            table["CustomSql"]["SqlQuery"],
            {column["Name"]: column["Type"] for column in table["CustomSql"]["Columns"]},
            {each["ColumnName"]: each["NewColumnName"] for each in renamed},
            {each["ColumnName"]: each["Tags"][0]["ColumnDescription"]["Text"] for each in tagged},
        )
    return found


@dataclass(frozen=True)
class Field:
    """aggregation: SQL over the field; None for a dimension, a field of a list and one that is calculated."""

    id: str
    data_set: str
    column: str
    aggregation: str | None = None
    is_measure: bool = False


@dataclass(frozen=True)
class Visual:
    id: str
    sheet: str
    title: str
    is_list: bool
    fields: tuple[Field, ...]
    sorts: tuple[dict[str, Any], ...]

    @property
    def data_set(self) -> str:
        (name,) = {field.data_set for field in self.fields}
        return name


def visuals() -> dict[str, Visual]:
    found = {}
    for sheet in definition()["Sheets"]:
        for wrapped in sheet["Visuals"]:
            ((kind, visual),) = wrapped.items()
            configuration = visual["ChartConfiguration"]
            found[visual["VisualId"]] = Visual(
                visual["VisualId"],
                sheet["SheetId"],
                visual["Title"]["FormatText"]["PlainText"],
                kind == "TableVisual",
                tuple(_fields(configuration["FieldWells"])),
                tuple(_sorts(configuration.get("SortConfiguration", {}))),
            )
    return found


def _fields(wells: Any) -> Iterator[Field]:
    if isinstance(wells, list):
        for well in wells:
            yield from _fields(well)
    elif "FieldId" in wells:
        yield _field(wells, "")
    else:
        for kind, well in wells.items():
            if isinstance(well, dict) and "FieldId" in well:
                yield _field(well, kind)
            else:
                yield from _fields(well)


def _field(well: dict[str, Any], kind: str) -> Field:
    column = well["Column"]
    where = well["FieldId"], column["DataSetIdentifier"], column["ColumnName"]
    match kind, well.get("AggregationFunction"):
        case "NumericalMeasureField", {"SimpleNumericalAggregation": function}:
            return Field(*where, function, is_measure=True)
        case "CategoricalMeasureField", function:
            return Field(*where, function, is_measure=True)
        case "NumericalMeasureField", None:
            return Field(*where, is_measure=True)
    assert kind in ("", "CategoricalDimensionField", "DateDimensionField")
    return Field(*where)


def _sorts(sorting: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for options in sorting.values():
        yield from options


def query(visual: Visual, today: date, **parameters: str) -> str:
    """What QuickSight asks SPICE for, as SQL on tables named as the data sets are."""
    calculated = {c["Name"]: c["Expression"] for c in definition()["CalculatedFields"]}

    def said(field: Field) -> str:
        if field.column in calculated:
            return re.sub(r"\{([^}]+)\}", r'"\1"', calculated[field.column])
        name = f'"{field.column}"'
        return f"{field.aggregation}({name})" if field.aggregation else name

    chosen = ", ".join(f'{said(field)} as "{field.column}"' for field in visual.fields)
    conditions = " and ".join(["true", *_conditions(visual, today, parameters)])
    groups = [f'"{f.column}"' for f in visual.fields if not f.is_measure]
    grouped = f"group by {', '.join(groups)}" if groups and not visual.is_list else ""
    order = ", ".join(_order(visual, said))
    ordered = f"order by {order}" if order else ""
    return f'select {chosen} from "{visual.data_set}" where {conditions} {grouped} {ordered}'


def _order(visual: Visual, said: Any) -> Iterator[str]:
    by_id = {field.id: field for field in visual.fields}
    for sort in visual.sorts:
        if field := sort.get("FieldSort"):
            yield f"{said(by_id[field['FieldId']])} {field['Direction']}"
        else:
            column = sort["ColumnSort"]
            function = column["AggregationFunction"]["NumericalAggregationFunction"]
            name = column["SortBy"]["ColumnName"]
            yield f'{function["SimpleNumericalAggregation"]}("{name}") {column["Direction"]}'


def _conditions(visual: Visual, today: date, parameters: dict[str, str]) -> Iterator[str]:
    for group in definition()["FilterGroups"]:
        ((kind, condition),) = (pair for each in group["Filters"] for pair in each.items())
        column = condition["Column"]
        everywhere = group["CrossDataset"] == "ALL_DATASETS"
        if not (everywhere or column["DataSetIdentifier"] == visual.data_set):
            continue
        if not in_scope(group, visual):
            continue
        name = f'"{column["ColumnName"]}"'
        if kind == "RelativeDatesFilter":
            assert (condition["RelativeDateType"], condition["TimeGranularity"]) == ("LAST", "DAY")
            days = condition["RelativeDateValue"]
            yield f"{name} > date '{today}' - {days} and {name} <= date '{today}'"
        elif custom := condition["Configuration"].get("CustomFilterConfiguration"):
            yield f"{name} = '{parameters[custom['ParameterName']]}'"
        else:  # all values, until somebody chooses
            assert condition["Configuration"]["FilterListConfiguration"]["SelectAllOptions"] == (
                "FILTER_ALL_VALUES"
            )


def in_scope(group: dict[str, Any], visual: Visual) -> bool:
    scopes = group["ScopeConfiguration"]["SelectedSheets"]["SheetVisualScopingConfigurations"]
    return any(
        scope["SheetId"] == visual.sheet
        and (scope["Scope"] == "ALL_VISUALS" or visual.id in scope["VisualIds"])
        for scope in scopes
    )
