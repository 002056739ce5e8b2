"""The curated tables: what a QuickSight analysis reads as it is, typed and labelled, amounts in units of the currency.

An amount is a decimal with four places, which holds every ISO 4217 currency exactly (two would not).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime import Produced
from shared.currency import EXPONENTS
from shared.manifest import ReconciliationFigures, ValidationFigures

_AMOUNT = pa.decimal128(38, 4)
_DAILY: dict[str, pa.DataType] = {
    "job_id": pa.string(),
    "perfil": pa.string(),
    "resultado": pa.string(),
    "resultado_rotulo": pa.string(),
    "moeda": pa.string(),
    "linhas_lidas": pa.int64(),
    "linhas_rejeitadas": pa.int64(),
    "lancamentos_a": pa.int64(),
    "lancamentos_b": pa.int64(),
    "total_a": _AMOUNT,
    "total_b": _AMOUNT,
    "diferenca_liquida": _AMOUNT,
    "diferenca_bruta": _AMOUNT,
    "conciliado_a": _AMOUNT,
    "conciliado_b": _AMOUNT,
    "divergencias": pa.int64(),
    "divergencias_materiais": pa.int64(),
    "result_hash": pa.string(),
}
_PASSES: dict[str, pa.DataType] = {
    "job_id": pa.string(),
    "ordem": pa.int32(),
    "passe": pa.string(),
    "conciliacoes": pa.int64(),
}


@dataclass(frozen=True)
class RunResult:
    """What the two stages before concluded about one job."""

    job_id: str
    profile: str
    validated: ValidationFigures
    reconciled: ReconciliationFigures


def open_result(entries: Path, breaks: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which `divergences` holds every line of a break beside its entries, `items` every break once."""
    connection = duckdb.connect()
    connection.read_parquet(str(entries)).create_view("entries")
    connection.read_parquet(str(breaks)).create_view("breaks")
    units = pa.table(
        {
            "currency": list(EXPONENTS),
            "unit": pa.array(
                [Decimal(1).scaleb(-e) for e in EXPONENTS.values()], pa.decimal128(5, 4)
            ),
        }
    )
    connection.register("units", units)
    connection.execute(f"create temp table divergences as {sql('divergences')}")
    connection.execute(f"create temp table items as {sql('divergences_by_id')}")
    return connection


def write_tables(
    connection: duckdb.DuckDBPyConnection, run: RunResult, folder: Path
) -> dict[str, Produced]:
    """Writes qs_daily, qs_breaks, qs_aging and qs_passes, each even where it is empty."""
    tables: Mapping[str, pa.Table] = {
        "qs_daily": _daily(run),
        "qs_passes": _passes(run),
        **{name: connection.sql(sql(name)).to_arrow_table() for name in ("qs_breaks", "qs_aging")},
    }
    produced = {}
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        produced[name] = Produced(path, table.num_rows)
    return produced


def units(minor: int, currency: str) -> Decimal:
    """An amount in units of its currency, exact."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def _daily(run: RunResult) -> pa.Table:
    figures, read = run.reconciled, run.validated.both
    rows: list[dict[str, Any]] = [
        {
            "job_id": run.job_id,
            "perfil": run.profile,
            "resultado": figures.verdict.value,
            "resultado_rotulo": figures.verdict.label,
            "moeda": of.currency,
            "linhas_lidas": read.lines,
            "linhas_rejeitadas": read.rejected,
            "lancamentos_a": of.rows_a,
            "lancamentos_b": of.rows_b,
            "total_a": units(of.total_a, of.currency),
            "total_b": units(of.total_b, of.currency),
            "diferenca_liquida": units(of.net, of.currency),
            "diferenca_bruta": units(of.gross, of.currency),
            "conciliado_a": units(of.matched_a, of.currency),
            "conciliado_b": units(of.matched_b, of.currency),
            "divergencias": figures.breaks,
            "divergencias_materiais": figures.material_breaks,
            "result_hash": figures.result_hash,
        }
        for of in figures.currencies
    ]
    return pa.Table.from_pylist(rows, pa.schema(_DAILY))


def _passes(run: RunResult) -> pa.Table:
    rows = [
        {"job_id": run.job_id, "ordem": order, "passe": done.name, "conciliacoes": done.matches}
        for order, done in enumerate(run.reconciled.passes, 1)
    ]
    return pa.Table.from_pylist(rows, pa.schema(_PASSES))


def sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
