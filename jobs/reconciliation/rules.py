"""The SQL rules, one file each, as syntax trees: values enter as nodes, an engine gets its own dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast

import sqlglot
from sqlglot import exp

from jobs.profile import Calendar

DIALECT = "duckdb"  # what the rules are written in


@cache
def _parsed(name: str) -> exp.Query:
    text = (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return cast(exp.Query, sqlglot.parse_one(text, dialect=DIALECT))


def rule(name: str, **values: Any) -> exp.Query:
    """A rule with each of its `$name` placeholders filled."""

    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            return exp.convert(values[node.name], copy=True)
        return node

    return cast(exp.Query, _parsed(name).transform(fill))


def render(query: exp.Expr, dialect: str) -> str:
    """Raises UnsupportedError where the dialect has no words for it."""
    if any(node.name.lower() == "lane" for node in query.find_all(exp.Anonymous)):
        query = query.transform(lambda node: _lane(node, dialect))  # a copy, which costs
    return query.sql(dialect=dialect, copy=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _lane(node: exp.Expr, dialect: str) -> exp.Expr:
    """`lane(hash, n)`: the n-th eight hex digits as an integer, for which SQL has no common spelling."""
    if not (isinstance(node, exp.Anonymous) and node.name.lower() == "lane"):
        return node
    text, number = node.expressions
    digits = exp.func("substr", text, exp.convert(8 * int(number.name) - 7), exp.convert(8))
    integer = (
        exp.func("conv", digits, exp.convert(16), exp.convert(10))
        if dialect == "spark"
        else exp.DPipe(this=exp.convert("0x"), expression=digits)
    )
    return exp.cast(integer, "bigint")


# Parts that a profile shapes


def length_prefixed(columns: Sequence[str]) -> exp.Expr:
    """Columns as one text, each as `<length>:<text>` or `-` for null, so that no text can pose as another's columns."""
    parts: list[exp.Expr] = []
    for column in columns:
        text = exp.cast(exp.column(column), "text")
        length = exp.cast(exp.func("length", text), "text")
        prefixed = exp.DPipe(
            this=exp.DPipe(this=length, expression=exp.convert(":")), expression=text
        )
        parts.append(exp.func("coalesce", prefixed, exp.convert("-")))
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return joined


def match_key(columns: Sequence[str]) -> exp.Expr:
    """What the rows of a pair must share. Null, which never matches, where all columns are null."""
    if not columns:
        return exp.convert("")
    if len(columns) == 1:
        return exp.column(columns[0])
    known = exp.or_(*(exp.column(column).is_(exp.null()).not_() for column in columns))
    return exp.Case().when(known, length_prefixed(columns))


def by_currency(values: Mapping[str, int]) -> exp.Expr:
    """A limit in the minor units of each row's own currency."""
    limit = exp.Case(this=exp.column("currency"))
    for currency, value in values.items():
        limit = limit.when(exp.convert(currency), exp.convert(value))
    return exp.cast(limit if values else exp.null(), "decimal(38, 0)")


def day_number(calendar: Calendar) -> exp.Expr:
    """Of a row of `unmatched`, or of the day that `days` has for it."""
    if calendar == "br-bank":
        return exp.column("banking_day", "days")
    return exp.func(
        "date_diff",
        exp.convert("day"),
        exp.cast(exp.convert("1900-01-01"), "date"),
        exp.column("posted_on"),
        dialect=DIALECT,
    )


def values(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> exp.Query:
    """Constants as a relation."""
    return exp.select("*").from_(
        exp.values([tuple(row) for row in rows], alias=name, columns=list(columns))
    )


def nothing(columns: Mapping[str, str]) -> exp.Query:
    """No rows, of these columns and types: what a run without such a pass has in its place."""
    nulls = (exp.cast(exp.null(), kind).as_(name) for name, kind in columns.items())
    return exp.select(*nulls).where(exp.false())


def union_all(queries: Iterable[exp.Query]) -> exp.Query:
    first, *rest = queries
    return exp.union(first, *rest, distinct=False, copy=False) if rest else first
