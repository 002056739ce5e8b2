"""The figures as tables, `bridge` and `summary`, so that each number is computed once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime import Produced
from shared.manifest import ReconciliationFigures

_SUM = pa.decimal128(38, 0)  # holds any sum of int64 amounts
_BRIDGE: list[tuple[str, pa.DataType]] = [
    ("currency", pa.string()),
    ("line", pa.string()),
    ("label_pt", pa.string()),
    ("count", pa.int64()),
    ("amount", _SUM),
]
_SUMS = ("total_a", "total_b", "net", "gross", "matched_a", "matched_b")
_RUN_COUNTS = ("matches", "breaks", "pending", "material_breaks")
_SUMMARY: list[tuple[str, pa.DataType]] = [
    ("currency", pa.string()),
    ("verdict", pa.string()),
    ("as_of", pa.date32()),
    ("rows_a", pa.int64()),
    ("rows_b", pa.int64()),
    *((name, _SUM) for name in _SUMS),
    *((name, pa.int64()) for name in _RUN_COUNTS),
    ("result_hash", pa.string()),
]


def write_figures(figures: ReconciliationFigures, folder: Path) -> dict[str, Produced]:
    """One line a currency in `summary`: the run's own figures stand in each."""
    bridge = [
        line.model_dump(exclude={"label"})
        | {"label_pt": line.label, "amount": Decimal(line.amount)}
        for line in figures.bridge
    ]
    of_run = figures.model_dump(include={"verdict", "as_of", "result_hash", *_RUN_COUNTS})
    summary = [
        of_run | of.model_dump() | {name: Decimal(getattr(of, name)) for name in _SUMS}
        for of in figures.currencies
    ]
    return {
        "bridge": _write(folder / "bridge.parquet", _BRIDGE, bridge),
        "summary": _write(folder / "summary.parquet", _SUMMARY, summary),
    }


def _write(
    path: Path, columns: list[tuple[str, pa.DataType]], rows: list[dict[str, Any]]
) -> Produced:
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(columns)), path)
    return Produced(path, len(rows))
