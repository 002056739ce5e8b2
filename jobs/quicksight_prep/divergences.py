"""`divergencias.csv`: a line a break for whoever works in Excel, money from integers to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from jobs.quicksight_prep.explanation import reason
from jobs.quicksight_prep.spreadsheet import Cell, write_csv
from jobs.quicksight_prep.tables import sql, units
from shared import ptbr

Line = dict[str, Any]

NAMED = 10
"""Lines of a lot that a cell names; breaks.parquet has them all."""


def _amount(name: str, currency: str) -> Callable[[Line], Cell]:
    return lambda line: None if line[name] is None else units(int(line[name]), line[currency])


def _field(name: str) -> Callable[[Line], Cell]:
    return lambda line: line[name]


def _lines(name: str) -> Callable[[Line], Cell]:
    """A number, but of a lot the first ones by name."""

    def told(line: Line) -> Cell:
        numbers = line[name] or []
        if len(numbers) < 2:
            return next(iter(numbers), None)
        return ptbr.listed([str(n) for n in numbers[:NAMED]], len(numbers))

    return told


_COLUMNS: dict[str, Callable[[Line], Cell]] = {
    "Classe": _field("label_pt"),
    "Prioridade": _field("priority"),
    "Material": lambda line: "sim" if line["material"] else "não",
    "Linha A": _lines("lines_a"),
    "Linha B": _lines("lines_b"),
    "Data A": _field("posted_on_a"),
    "Data B": _field("posted_on_b"),
    "Valor A": _amount("amount_a", "currency"),
    "Valor B": _amount("amount_b", "currency_b"),
    "Diferença": _amount("delta", "currency"),
    "Moeda": _field("currency"),
    "Moeda B": _field("currency_b"),
    "Conta": _field("account"),
    "Id do lançamento": _field("entry_id"),
    "Referência": _field("reference"),
    "Descrição": _field("description"),
    "Motivo": lambda line: reason(line["class"], line["explain"], line["currency"]),
    "Idade (dias)": _field("age_days"),
    "Id da divergência": _field("break_id"),
}


def write_divergences(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return write_csv(path, list(_COLUMNS), _rows(connection))


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[list[Cell]]:
    for batch in connection.sql(sql("divergences_by_id")).to_arrow_reader(10_000):
        for line in batch.to_pylist():
            yield [value(line) for value in _COLUMNS.values()]
