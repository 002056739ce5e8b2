"""The figures of a run that people are shown, taken once for the page and the workbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import duckdb

from jobs.quicksight_prep.items import Row, rows_of
from jobs.quicksight_prep.tables import sql
from shared.manifest import ReconciliationFigures

_DAYS = 92
"""A chart of more days than these shows months."""


@dataclass(frozen=True)
class Summary:
    """classes, ages, days, coverage, pending: rows of the query of that name. amounts: (class, currency) → net, gross.

    fees: currency → charged, due. states: lifecycle → breaks. breaks, waiting: items of either kind. oldest: in days.
    """

    classes: list[Row]
    amounts: dict[tuple[str, str], tuple[int, int]]
    ages: list[Row]
    days: list[Row]
    by_month: bool
    coverage: list[Row]
    pending: list[Row]
    fees: dict[str, tuple[int, int]]
    states: dict[str, int]
    duplicated: list[Row]
    breaks: int
    waiting: int
    oldest: int

    def matched(self, measure: str, currency: str | None = None) -> tuple[int, int]:
        """Of the entries (or of the size of their amounts), how much is matched, and all of it."""
        rows = [row for row in self.coverage if currency in (None, row["currency"])]
        part, whole = ("matched", "entries") if measure == "entries" else ("matched_size", "size")
        return sum(int(row[part]) for row in rows), sum(int(row[whole]) for row in rows)


def summarize(connection: duckdb.DuckDBPyConnection, figures: ReconciliationFigures) -> Summary:
    def rows(name: str, **values: Any) -> list[Row]:
        table = connection.sql(sql(name), params=values or None).to_arrow_table()
        return cast(list[Row], table.to_pylist())

    classes = rows("by_class")
    days, by_month = _grouped(rows("by_day"))
    return Summary(
        classes=classes,
        amounts={
            (row["class"], row["currency"]): (int(row["net"]), int(row["gross"]))
            for row in rows("amounts_by_class")
        },
        ages=rows("by_age"),
        days=days,
        by_month=by_month,
        coverage=rows("coverage"),
        pending=rows("pending", as_of=figures.as_of),
        fees={row["currency"]: (int(row["charged"]), int(row["due"])) for row in rows("fees")},
        states={
            row["lifecycle"]: row["items"]
            for row in rows_of(
                connection,
                "select lifecycle, count(*) as items from items where priority > 0 group by lifecycle",
            )
        },
        duplicated=list(
            rows_of(
                connection,
                "select side, currency, count(*) as items from items "
                "where class in ('duplicate_a', 'duplicate_b') group by side, currency",
            )
        ),
        breaks=sum(row["items"] for row in classes if row["priority"]),
        waiting=sum(row["items"] for row in classes if not row["priority"]),
        oldest=max((row["oldest"] for row in classes if row["priority"]), default=0),
    )


def _grouped(days: list[Row]) -> tuple[list[Row], bool]:
    """Days as they are or, where they are too many to be drawn, months, each by its first day."""
    if len({row["posted_on"] for row in days}) <= _DAYS:
        return days, False
    months: dict[tuple[str, date], Row] = {}
    for row in days:
        first = row["posted_on"].replace(day=1)
        month = months.setdefault(
            (row["currency"], first),
            {"posted_on": first, "currency": row["currency"], "amount_a": 0, "amount_b": 0},
        )
        month["amount_a"] += row["amount_a"]
        month["amount_b"] += row["amount_b"]
    return list(months.values()), True
