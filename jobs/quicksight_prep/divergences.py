"""`divergencias.csv`: every break for whoever works in Excel, money from integers to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from jobs.quicksight_prep.explanation import reason
from jobs.quicksight_prep.spreadsheet import Cell, write_csv
from jobs.quicksight_prep.tables import units

_HEADER = (
    *(
        "Classe",
        "Prioridade",
        "Material",
        "Linha A",
        "Linha B",
        "Data A",
        "Data B",
        "Valor A",
        "Valor B",
        "Diferença",
    ),
    *(
        "Moeda",
        "Conta",
        "Id do lançamento",
        "Referência",
        "Descrição",
        "Motivo",
        "Idade (dias)",
        "Id da divergência",
    ),
)


def write_divergences(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return write_csv(path, _HEADER, _rows(connection))


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Cell, ...]]:
    for batch in connection.table("divergences").to_arrow_reader(10_000):
        yield from (_row(line) for line in batch.to_pylist())


def _row(line: dict[str, Any]) -> tuple[Cell, ...]:
    currency = line["currency"]
    amounts = (
        None if line[name] is None else units(int(line[name]), currency)
        for name in ("amount_a", "amount_b", "delta")
    )
    return (
        line["label_pt"],
        line["priority"],
        "sim" if line["material"] else "não",
        line["line_a"],
        line["line_b"],
        line["posted_on_a"],
        line["posted_on_b"],
        *amounts,
        currency,
        line["account"],
        line["entry_id"],
        line["reference"],
        line["description"],
        reason(line["explain"], currency),
        line["age_days"],
        line["break_id"],
    )
