"""Who is compared, how each is started, and how many rows of A each says are in B with id, day, amount and currency."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PYTHON = Path(sys.executable)
RECON = PYTHON.with_name("recon")
BENCH_PYTHON = ROOT / ".tools" / "bench" / "bin" / "python"  # `make bench` installs it
Words = list[str | Path]


@dataclass(frozen=True)
class Competitor:
    """command: given the file and an empty folder. matching: given the folder afterwards; None where rows do not match.

    exit_codes: those of a run that went through; `recon` answers 1 where the sides differ.
    """

    title: str
    command: Callable[[Path, Path], Words]
    matching: Callable[[Path], int] | None
    exit_codes: tuple[int, ...] = (0,)


def _sql(title: str, rule: str, matching: Callable[[Path], int] | None) -> Competitor:
    def command(file: Path, out: Path) -> Words:
        return [PYTHON, HERE / "run_sql.py", HERE / rule, file, out]

    return Competitor(title, command, matching)


def _datacompy(frames: str) -> Competitor:
    def command(file: Path, out: Path) -> Words:
        return [BENCH_PYTHON, HERE / f"datacompy_{frames}.py", file, out]

    return Competitor(
        f"datacompy on {frames}",
        command,
        lambda out: int((out / "matching.txt").read_text(encoding="utf-8")),
    )


def _recon(title: str, verb: str, matching: Callable[[Path], int] | None) -> Competitor:
    def command(file: Path, out: Path) -> Words:
        return [RECON, verb, file, "--out", out, "--json"]

    return Competitor(title, command, matching, exit_codes=(0, 1))


def _counted(table: str, query: str) -> Callable[[Path], int]:
    def count(out: Path) -> int:
        with duckdb.connect() as connection:
            rows = connection.execute(query, {"table": str(out / table)}).fetchall()
        return int(rows[0][0])

    return count


COMPETITORS = {
    "sql": _sql(
        "hand-written SQL: join, classify, write",
        "join.sql",
        _counted(
            "join.parquet",  # an id that B has twice is joined twice
            "select count(distinct entry_id) from read_parquet($table) where class = 'matched'",
        ),
    ),
    "reconcile": _recon(
        "`recon reconcile`",
        "reconcile",
        _counted(
            "matches.parquet",
            "select count(*) from read_parquet($table) where pass_name = 'id-exato'",
        ),
    ),
    "pandas": _datacompy("pandas"),
    "polars": _datacompy("polars"),
    "sql-text": _sql("SQL: CSV as text to Parquet", "text.sql", None),
    "validate": _recon("`recon validate`", "validate", None),
}
