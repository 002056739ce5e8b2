"""A break or a pending entry as a line of a table for people: `divergencias.csv` and two sheets of the workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from jobs.quicksight_prep.explanation import listed_lines, reason
from jobs.quicksight_prep.phrases import Money, Said, say
from shared.lines import in_reference

Row = dict[str, Any]
Cell = Any
"""Text, a whole number, a date, Money, or None; what writes it knows how a spreadsheet takes each."""

NAMED = 10
"""Lines of a lot that a cell names; breaks.parquet has them all."""


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None
) -> Iterator[Row]:
    """One result at a time: whoever starts it reads it to its end."""
    for batch in connection.sql(query, params=values).to_arrow_reader(10_000):
        yield from batch.to_pylist()


def _money(name: str, currency: str) -> Callable[[Row], Cell]:
    return lambda row: None if row[name] is None else Money(int(row[name]), row[currency])


def _field(name: str) -> Callable[[Row], Cell]:
    return lambda row: row[name]


def _lines(name: str) -> Callable[[Row], Cell]:
    """A number, or text where there are several or where the line is of the reference."""

    def told(row: Row) -> Cell:
        numbers = row[name] or []
        if not numbers:
            return None
        if len(numbers) == 1 and not in_reference(numbers[0]):
            return numbers[0]
        return say(listed_lines(numbers[:NAMED], len(numbers)), "pt")

    return told


def currencies_of(row: Row) -> tuple[str, str] | None:
    """A's and B's, where the break has two rows or a candidate."""
    if row["lines_a"] and row["lines_b"]:
        return row["currency"], row["currency_b"]
    if row["near_currency"] is None:
        return None
    pair: tuple[str, str] = (row["near_currency"], row["currency"])
    return pair if row["near_side"] == "A" else (pair[1], pair[0])


COLUMNS: dict[str, Callable[[Row], Cell]] = {
    "Classe": _field("label_pt"),
    "Prioridade": _field("priority"),
    "Situação": lambda row: say(Said(f"state.{row['lifecycle']}"), "pt"),
    "Material": lambda row: "sim" if row["material"] else "não",
    "Linha A": _lines("lines_a"),
    "Linha B": _lines("lines_b"),
    "Data A": _field("posted_on_a"),
    "Data B": _field("posted_on_b"),
    "Valor A": _money("amount_a", "currency"),
    "Valor B": _money("amount_b", "currency_b"),
    "Diferença": _money("delta", "currency"),
    "Moeda": _field("currency"),
    "Moeda B": _field("currency_b"),
    "Conta": _field("account"),
    "Id do lançamento": _field("entry_id"),
    "Referência": _field("reference"),
    "Descrição": _field("description"),
    "Motivo": lambda row: reason(row["class"], row["explain"], row["currency"], currencies_of(row)),
    "Idade (dias)": _field("age_days"),
    "Vira divergência em": _field("break_on"),
    "Id da divergência": _field("break_id"),
}
