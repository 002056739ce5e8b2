"""The SQL rules, one file each in DuckDB's dialect, and the parts of them that a profile shapes.

DuckDB takes them as they are; an engine of another dialect translates them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from jobs.profile import Calendar

_PLACEHOLDER = re.compile(r"\$([a-z_]+)")


class Sql(str):
    """A query, or a part of one. Whatever else enters a rule becomes a literal and never SQL."""

    __slots__ = ()


def rule(name: str, **values: Any) -> Sql:
    """A rule with each of its `$name` placeholders filled."""
    return Sql(_PLACEHOLDER.sub(lambda found: sql(values[found[1]]), _text(name)))


@cache
def _text(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def sql(value: Sql | str | int | date | None) -> Sql:
    """A value as a query spells it."""
    match value:
        case Sql():
            return value
        case None:
            return Sql("null")
        case bool() | int():
            return Sql(f"({value})".lower())  # `- -1` would begin a comment
        case date():
            return Sql(f"date '{value:%Y-%m-%d}'")
        case str():
            return Sql("'" + value.replace("'", "''") + "'")
    raise TypeError(f"no value of a query: {value!r}")


# Parts that a profile shapes


def everything(table: str, *columns: str) -> Sql:
    return Sql(f"select {', '.join(columns) or '*'} from {table}")


def of_lines(rows: str, lines: Sql) -> Sql:
    """The named rows whose line_no is among these: where they are few, no more need be read of the others."""
    these = f"{rows} semi join ({lines}) as lines on lines.line_no = {rows}.line_no"
    return everything(these, f"{rows}.*")  # not `using`, which in Spark moves the column


def length_prefixed(columns: Sequence[str]) -> Sql:
    """Columns as one text, each as `<length>:<text>` or `-` for null, so that no text can pose as another's columns."""
    texts = [f"cast({column} as text)" for column in columns]
    return Sql(
        " || ".join(
            f"coalesce(cast(length({text}) as text) || ':' || {text}, '-')" for text in texts
        )
    )


def match_key(columns: Sequence[str]) -> Sql:
    """What the rows of a pair must share. Null, which never matches, where all columns are null."""
    if not columns:
        return sql("")
    values = [key_value(column) for column in columns]
    if len(values) == 1:
        return values[0]
    known = " or ".join(f"{value} is not null" for value in values)
    return Sql(f"case when {known} then {length_prefixed(values)} end")


def key_value(column: str) -> Sql:
    """reference_norm says only what differs from the reference (`compared_as` in jobs.validation.judgement)."""
    if column == "reference_norm":
        return Sql("nullif(coalesce(reference_norm, reference), '')")
    return Sql(column)


def by_currency(values: Mapping[str, int]) -> Sql:
    """A limit in the minor units of each row's own currency."""
    return Sql(f"cast({by_value('currency', values)} as decimal(38, 0))")


def by_value(column: str, values: Mapping[str, int]) -> Sql:
    """The number of each of a column's texts; null for any other."""
    cases = " ".join(f"when {sql(text)} then {sql(value)}" for text, value in values.items())
    return Sql(f"case {column} {cases} end" if cases else "cast(null as int)")


def day_number(calendar: Calendar) -> Sql:
    """Of a row of `unmatched`, or of the day that `days` has for it."""
    if calendar == "br-bank":
        return Sql("days.banking_day")
    return Sql("date_diff('day', date '1900-01-01', posted_on)")


def values(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Sql:
    """Constants as a relation."""
    lines = ", ".join(f"({', '.join(map(sql, row))})" for row in rows)
    return Sql(f"select * from (values {lines}) as {name}({', '.join(columns)})")


def nothing(columns: Mapping[str, str]) -> Sql:
    """No rows, of these columns and types: what a run without such a pass has in its place."""
    nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
    return Sql(f"select {nulls} where false")


def union_all(queries: Iterable[Sql]) -> Sql:
    return Sql("\nunion all\n".join(f"({query}\n)" for query in queries))
