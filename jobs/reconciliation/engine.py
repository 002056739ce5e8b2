"""Where the rules run. An engine knows tables and files, and nothing of matching."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import duckdb
import numpy as np
import pyarrow as pa

from jobs.reconciliation.line_counts import Integers, LineCounts
from jobs.reconciliation.named import NONE, ROWS, Names, write_named
from jobs.reconciliation.rules import Sql, everything, of_lines, sql
from shared.errors import ReconError

EngineName = Literal["duckdb", "spark", "auto"]
# About where DuckDB needs more than the 16 GB of one Glue worker (0.3 to 0.4 GB a million entries) and begins to spill.
SPARK_FROM_ENTRIES = 50_000_000
# The n-th eight hex digits of a hash as an integer, for which SQL has no common spelling.
_LANE = "create macro lane(hash, n) as cast('0x' || substr(hash, 8 * n - 7, 8) as bigint)"


class EngineUnavailableError(ReconError):
    """This machine lacks what an engine runs on. A retry does not help."""

    code = "ENGINE_UNAVAILABLE"


class Engine(Protocol):
    """A context manager: what it keeps for a run goes with it."""

    name: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def source(self, name: str, path: Path) -> None:
        """Names a Parquet file."""
        ...

    def view(self, name: str, query: Sql) -> None:
        """Names a query; a name may be given anew."""
        ...

    def table(self, name: str, query: Sql) -> int:
        """Computes a query once and names the result; its rows."""
        ...

    def once(self, name: str, pairs: Sql, most: int) -> int | None:
        """Computes pairs of lines and names those whose two lines stand in no other; their number. None, and nothing is
        named, where there are more pairs than `most`, or where the engine would not stop at that."""
        ...

    def rest(self, name: str, rows: str, lines: str) -> int:
        """Computes which of the named rows have a line that the other name, of line_a and line_b, does not give; their
        number."""
        ...

    def fetch(self, query: Sql) -> list[dict[str, Any]]: ...

    def write(self, query: Sql, path: Path, names: Names = NONE) -> int:
        """Writes a query's result as Parquet; its rows. names: of columns of numbers, what they stand for; with them it
        may run on a thread of its own."""
        ...


class DuckDBEngine:
    """In this process, spilling to `scratch` where memory does not suffice."""

    name = "duckdb"

    def __init__(
        self, scratch: Path, threads: int | None = None, memory_limit: str | None = None
    ) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(scratch / "spill"),
            # Nothing depends on the order of rows, and what is written is sorted.
            "preserve_insertion_order": "false",
        }
        if threads:
            settings["threads"] = threads
        if memory_limit:
            settings["memory_limit"] = memory_limit
        self._connection = duckdb.connect(config=settings)
        self._run(_LANE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def source(self, name: str, path: Path) -> None:
        self._connection.read_parquet(str(path)).create_view(name, replace=True)

    def view(self, name: str, query: Sql) -> None:
        self._run(f"create or replace view {name} as {query}")

    def table(self, name: str, query: Sql) -> int:
        return self._count(f"create table {name} as {query}")

    def once(self, name: str, pairs: Sql, most: int) -> int | None:
        found = self.table(name, Sql(f"{pairs}\nlimit {most + 1}"))
        if found > most:
            self._run(f"drop table {name}")
            return None
        counts = self._counts(name)
        again = []
        for batch in self._batches(everything(name, "line_a", "line_b")):
            line_a, line_b = (column.to_numpy() for column in batch.columns)
            again.append(line_a[(counts.of(line_a) > 1) | (counts.of(line_b) > 1)])
        with self._lines(again) as lines:
            return found - self._count(f"delete from {name} where line_a in ({everything(lines)})")

    def rest(self, name: str, rows: str, lines: str) -> int:
        counts = self._counts(lines)
        left = []
        for batch in self._batches(everything(rows, "line_no")):
            line = batch.column(0).to_numpy()
            left.append(line[counts.of(line) == 0])
        with self._lines(left) as lines_left:
            return self.table(name, of_lines(rows, everything(lines_left)))

    def _counts(self, lines: str) -> LineCounts:
        counts = LineCounts()
        for batch in self._batches(everything(lines, "line_a", "line_b")):
            for column in batch.columns:
                counts.add(column.drop_null().to_numpy())
        return counts

    def _batches(self, query: Sql) -> Iterator[pa.RecordBatch]:
        with _errors_of_the_system():
            yield from self._connection.sql(query).to_arrow_reader(ROWS)

    @contextmanager
    def _lines(self, parts: list[Integers]) -> Iterator[str]:
        """As a relation of one column, line_no; its name."""
        lines = np.concatenate([np.zeros(0, np.int64), *parts])
        self._connection.register("some_lines", pa.table({"line_no": lines}))
        yield "some_lines"
        self._connection.unregister("some_lines")

    def fetch(self, query: Sql) -> list[dict[str, Any]]:
        result = self._run(query)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def write(self, query: Sql, path: Path, names: Names = NONE) -> int:
        if names:
            with _errors_of_the_system():
                # A cursor, because another thread may use the connection meanwhile.
                batches = self._connection.cursor().sql(query).to_arrow_reader(ROWS)
                return write_named(batches, batches.schema, path, names)
        return self._count(f"copy ({query}\n) to {sql(str(path))} (format parquet)")

    def _count(self, statement: str) -> int:
        row = self._run(statement).fetchone()
        assert row is not None  # statements answer with their row count
        return int(row[0])

    def _run(self, statement: str) -> duckdb.DuckDBPyConnection:
        with _errors_of_the_system():
            return self._connection.execute(statement)


@contextmanager
def _errors_of_the_system() -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:  # a disk that is full, a folder that is gone
        raise OSError(str(error)) from error
    except RuntimeError as error:
        # What DuckDB makes of a signal, whose own exception it drops.
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error
