"""`divergencias.csv`: a line a break for whoever works in Excel, money from integers to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from jobs.quicksight_prep.items import COLUMNS, rows_of
from jobs.quicksight_prep.phrases import Money
from jobs.quicksight_prep.spreadsheet import Cell, write_csv
from jobs.quicksight_prep.tables import units

_ONLY_IN_THE_WORKBOOK = {"Situação", "Vira divergência em"}
_COLUMNS = {name: cell for name, cell in COLUMNS.items() if name not in _ONLY_IN_THE_WORKBOOK}


def write_divergences(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return write_csv(path, list(_COLUMNS), _rows(connection))


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[list[Cell]]:
    for row in rows_of(connection, "from items"):
        cells = [cell_of(row) for cell_of in _COLUMNS.values()]
        yield [units(c.minor, c.currency) if isinstance(c, Money) else c for c in cells]
