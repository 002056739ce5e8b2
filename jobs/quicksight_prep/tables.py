"""The curated tables: what an analyst reads as it is in Athena and QuickSight, typed and labelled.

An amount is in units of its currency, a decimal with four places, which holds every ISO 4217 currency exactly (two
would not). What a column means stands in the catalog (infra/template.yaml); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.quicksight_prep.items import COLUMNS
from jobs.runtime import Produced
from shared.currency import EXPONENTS
from shared.manifest import ReconciliationFigures, ValidationFigures

_AMOUNT = pa.decimal128(38, 4)
_OF_RUN: dict[str, pa.DataType] = {
    "job_id": pa.string(),
    "perfil": pa.string(),
    "arquivo": pa.string(),
}
"""In every table, so that none needs another to be filtered by."""
_OWN: dict[str, dict[str, pa.DataType]] = {
    "qs_runs": {
        "resultado": pa.string(),
        "resultado_rotulo": pa.string(),
        "data_base": pa.date32(),
        "linhas_lidas": pa.int64(),
        "linhas_rejeitadas": pa.int64(),
        "lancamentos": pa.int64(),
        "lancamentos_conciliados": pa.int64(),
        "conciliacoes": pa.int64(),
        "divergencias": pa.int64(),
        "divergencias_materiais": pa.int64(),
        "pendencias": pa.int64(),
        "result_hash": pa.string(),
    },
    "qs_daily": {
        "resultado": pa.string(),
        "resultado_rotulo": pa.string(),
        "moeda": pa.string(),
        "lancamentos_a": pa.int64(),
        "lancamentos_b": pa.int64(),
        "total_a": _AMOUNT,
        "total_b": _AMOUNT,
        "diferenca_liquida": _AMOUNT,
        "diferenca_bruta": _AMOUNT,
        "conciliado_a": _AMOUNT,
        "conciliado_b": _AMOUNT,
    },
    "qs_breaks": {
        "id_divergencia": pa.string(),
        "tipo": pa.string(),
        "classe_codigo": pa.string(),
        "classe": pa.string(),
        "prioridade": pa.int32(),
        "material": pa.string(),
        "situacao": pa.string(),
        "lado": pa.string(),
        "linhas_a": pa.string(),
        "linhas_b": pa.string(),
        "data_a": pa.date32(),
        "data_b": pa.date32(),
        "moeda": pa.string(),
        "moeda_b": pa.string(),
        "valor_a": _AMOUNT,
        "valor_b": _AMOUNT,
        "diferenca": _AMOUNT,
        "conta": pa.string(),
        "id_lancamento": pa.string(),
        "referencia": pa.string(),
        "descricao": pa.string(),
        "motivo": pa.string(),
        "idade_dias": pa.int32(),
        "faixa_idade": pa.string(),
        "faixa_inicio": pa.int32(),
        "vira_divergencia_em": pa.date32(),
    },
    "qs_aging": {
        "tipo": pa.string(),
        "classe_codigo": pa.string(),
        "classe": pa.string(),
        "moeda": pa.string(),
        "faixa_idade": pa.string(),
        "faixa_inicio": pa.int32(),
        "itens": pa.int64(),
        "diferenca_absoluta": _AMOUNT,
    },
    "qs_passes": {
        "ordem": pa.int32(),
        "passe": pa.string(),
        "conciliacoes": pa.int64(),
    },
}
SCHEMAS = {name: pa.schema(_OF_RUN | own) for name, own in _OWN.items()}
_WORDS = {
    "situacao": COLUMNS["Situação"],
    "linhas_a": COLUMNS["Linha A"],
    "linhas_b": COLUMNS["Linha B"],
    "motivo": COLUMNS["Motivo"],
}
_WORDS_ARE_OF = [
    "class", "explain", "lifecycle", "currency", "currency_b", "lines_a", "lines_b", "near_currency", "near_side",
]  # fmt: skip
_BATCH = 10_000


@dataclass(frozen=True)
class RunResult:
    """What the two stages before concluded about one job. key: the upload's, which a person knows it by."""

    job_id: str
    profile: str
    key: str
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
    """Writes a file a table, each even where it is empty."""
    aging = connection.sql(sql("qs_aging")).to_arrow_table()
    written: dict[str, Iterable[pa.RecordBatch]] = {
        "qs_runs": [_rows("qs_runs", [_run(connection, run)])],
        "qs_daily": [_rows("qs_daily", _daily(run))],
        "qs_breaks": map(_in_words, connection.sql(sql("qs_breaks")).to_arrow_reader(_BATCH)),
        "qs_aging": aging.to_batches(),
        "qs_passes": [_rows("qs_passes", _passes(run))],
    }
    return {name: _write(name, batches, run, folder) for name, batches in written.items()}


def _write(name: str, batches: Iterable[pa.RecordBatch], run: RunResult, folder: Path) -> Produced:
    path, schema, rows = folder / f"{name}.parquet", SCHEMAS[name], 0
    of_run = {"job_id": run.job_id, "perfil": run.profile, "arquivo": run.key}
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            columns = [
                pa.repeat(of_run[field.name], len(batch))
                if field.name in of_run
                else batch.column(field.name).cast(field.type)
                for field in schema
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            rows += len(batch)
    return Produced(path, rows)


def _rows(name: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    own = [field for field in SCHEMAS[name] if field.name not in _OF_RUN]
    return pa.RecordBatch.from_pylist(rows, pa.schema(own))


def _in_words(batch: pa.RecordBatch) -> pa.RecordBatch:
    """With what a person reads of each break, as `divergencias.csv` says it."""
    rows = batch.select(_WORDS_ARE_OF).to_pylist()
    for name, told in _WORDS.items():
        texts = [None if (text := told(row)) is None else str(text) for row in rows]
        batch = batch.append_column(name, pa.array(texts, pa.string()))
    return batch


def units(minor: int, currency: str) -> Decimal:
    """An amount in units of its currency, exact."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def _run(connection: duckdb.DuckDBPyConnection, run: RunResult) -> dict[str, Any]:
    """What is counted once a run: in a row for each currency it would be counted as often."""
    figures, read = run.reconciled, run.validated.both
    coverage = connection.sql(sql("coverage")).to_arrow_table().to_pylist()
    return {
        "resultado": figures.verdict.value,
        "resultado_rotulo": figures.verdict.label,
        "data_base": figures.as_of,
        "linhas_lidas": read.lines,
        "linhas_rejeitadas": read.rejected,
        "lancamentos": sum(row["entries"] for row in coverage),
        "lancamentos_conciliados": sum(row["matched"] for row in coverage),
        "conciliacoes": figures.matches,
        "divergencias": figures.breaks,
        "divergencias_materiais": figures.material_breaks,
        "pendencias": figures.pending,
        "result_hash": figures.result_hash,
    }


def _daily(run: RunResult) -> list[dict[str, Any]]:
    return [
        {
            "resultado": run.reconciled.verdict.value,
            "resultado_rotulo": run.reconciled.verdict.label,
            "moeda": of.currency,
            "lancamentos_a": of.rows_a,
            "lancamentos_b": of.rows_b,
            "total_a": units(of.total_a, of.currency),
            "total_b": units(of.total_b, of.currency),
            "diferenca_liquida": units(of.net, of.currency),
            "diferenca_bruta": units(of.gross, of.currency),
            "conciliado_a": units(of.matched_a, of.currency),
            "conciliado_b": units(of.matched_b, of.currency),
        }
        for of in run.reconciled.currencies
    ]


def _passes(run: RunResult) -> list[dict[str, Any]]:
    return [
        {"ordem": order, "passe": done.name, "conciliacoes": done.matches}
        for order, done in enumerate(run.reconciled.passes, 1)
    ]


def sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
