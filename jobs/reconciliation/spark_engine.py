"""The rules on Spark, for what outgrows one machine: a Glue job's own session, else a small one of this machine.

What a rule computes is staged as Parquet, because a plan that grows from pass to pass ends in a StackOverflowError,
which caching does not prevent.
"""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from jobs.reconciliation.engine import EngineUnavailableError
from jobs.reconciliation.named import NONE, ROWS, Names, write_named
from jobs.reconciliation.rules import Sql, everything, of_lines, union_all
from jobs.runtime import join, storage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ENTRIES_A_TASK = 500_000
# Below this, what Spark and Java spend on speed (compiled queries, plans made anew, C2) is more than all the rest.
_FEW_ENTRIES = 100_000
_SUBMITTED = "PYSPARK_GATEWAY_PORT"  # set for a program that spark-submit runs, as Glue's are


class SparkEngine:
    """`staging`: a folder that every worker reaches, `s3://…`; not used where they are threads of this machine."""

    name = "spark"

    def __init__(
        self,
        scratch: Path,
        entries: int,
        staging: str | None = None,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> None:
        self._scratch = scratch / f"spark-{uuid.uuid4().hex[:12]}"
        self._session = _session(entries, threads, memory_limit)
        self._staging = str(self._scratch)
        if (self._session.sparkContext.master or "").partition("[")[0] != "local":
            if (
                not staging
            ):  # each would write to its own disk, and what they wrote would be missing
                raise EngineUnavailableError(
                    "Os executores do Spark são outros processos, e falta uma pasta que todos alcancem.",
                    hint="Passe --staging_path s3://…, onde o job possa ler, escrever e apagar.",
                )
            self._staging = join(staging, self._scratch.name)
        self._storage = storage(self._staging)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # What lies on S3 is left to the bucket's lifecycle; the JVM goes with this process.
        shutil.rmtree(self._scratch, ignore_errors=True)

    def source(self, name: str, path: Path) -> None:
        where = str(path)
        if self._staging != str(self._scratch):
            where = join(self._staging, f"sources/{path.name}")
            self._storage.put_file(where, path)
        self._session.read.parquet(where).createOrReplaceTempView(name)

    def view(self, name: str, query: Sql) -> None:
        # As text and not as a DataFrame: what it names is looked up on use, as DuckDB does.
        self._session.sql(f"create or replace temporary view {name} as {translated(query)}")

    def table(self, name: str, query: Sql) -> int:
        staged = self._stage(query, name)
        staged.createOrReplaceTempView(name)
        return staged.count()

    def once(self, name: str, pairs: Sql, most: int) -> None:
        """A join that one hot key makes endless does not stop at a limit here."""

    def rest(self, name: str, rows: str, lines: str) -> int:
        taken = union_all(everything(lines, f"{line} as line_no") for line in ("line_a", "line_b"))
        untaken = f"{rows} anti join ({taken}) as taken on taken.line_no = {rows}.line_no"
        return self.table(name, of_lines(rows, everything(untaken, f"{rows}.line_no")))

    def fetch(self, query: Sql) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._run(query).collect()]

    def write(self, query: Sql, path: Path, names: Names = NONE) -> int:
        """One file, as the manifest names one: the parts that the tasks wrote are in the query's order."""
        staged = self._stage(query, f"{path.stem}.parts")
        schema = _nullable(staged)
        batches = (
            batch.cast(schema)
            for part in self._parts(f"{path.stem}.parts")
            for batch in pq.ParquetFile(part).iter_batches(ROWS)
        )
        return write_named(batches, schema, path, names)

    def _stage(self, query: Sql, name: str) -> DataFrame:
        where = join(self._staging, name)
        computed = self._run(query)
        computed.write.parquet(where)
        return self._session.read.schema(computed.schema).parquet(where)

    def _parts(self, name: str) -> Iterator[Path]:
        for uri in sorted(self._storage.list(join(self._staging, name))):
            if not uri.endswith(".parquet"):
                continue
            part = self._scratch / f"{name}.part"
            part.parent.mkdir(exist_ok=True)
            with self._storage.open(uri) as body, part.open("wb") as copy:
                shutil.copyfileobj(body, copy, 1 << 20)
            yield part

    def _run(self, query: Sql) -> DataFrame:
        return self._session.sql(translated(query))


def translated(query: Sql) -> str:
    """From DuckDB's dialect. Raises UnsupportedError where Spark has no words for it."""
    tree = sqlglot.parse_one(query, dialect="duckdb").transform(_lane)
    return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def _lane(node: exp.Expr) -> exp.Expr:
    """The n-th eight hex digits of a hash as an integer, for which SQL has no common spelling."""
    if not (isinstance(node, exp.Anonymous) and node.name.lower() == "lane"):
        return node
    text, number = node.expressions
    digits = exp.func("substr", text, exp.convert(8 * int(number.name) - 7), exp.convert(8))
    return exp.cast(exp.func("conv", digits, exp.convert(16), exp.convert(10)), "bigint")


def _nullable(staged: DataFrame) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    return pa.schema([field.with_nullable(True) for field in to_arrow_schema(staged.schema)])


def _of_every_session(entries: int) -> dict[str, str]:
    few = entries < _FEW_ENTRIES
    return {
        "spark.sql.ansi.enabled": "true",  # what overflows is an error and never another amount
        "spark.sql.session.timeZone": "UTC",  # no day depends on the machine
        # 200 by default: hundreds of tasks for a handful of rows.
        "spark.sql.shuffle.partitions": str(1 + entries // _ENTRIES_A_TASK),
        "spark.sql.adaptive.enabled": str(not few).lower(),  # one hot key is split over tasks
        "spark.sql.codegen.wholeStage": str(not few).lower(),
        "spark.sql.codegen.factoryMode": "NO_CODEGEN" if few else "FALLBACK",  # interpreted
        # Every plan is spelled out for Spark's own pages, at an eighth of the time that a small file takes.
        "spark.sql.ui.explainMode": "simple" if few else "formatted",
    }


def _session(entries: int, threads: int | None, memory_limit: str | None) -> SparkSession:
    """Raises EngineUnavailableError where there is no Spark or no Java."""
    if find_spec("pyspark") is None:
        raise EngineUnavailableError(
            "O motor spark precisa do pacote pyspark, que não está instalado.",
            hint="Instale-o com `make setup-spark`, ou use --engine duckdb.",
        )
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("reconciliation")
    if _SUBMITTED not in os.environ and SparkSession.getActiveSession() is None:
        find_java()
        settings = settings_of_this_machine(threads, memory_limit)
        if entries < _FEW_ENTRIES:
            settings["spark.driver.extraJavaOptions"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        for name, value in settings.items():
            builder = builder.config(name, value)
    try:
        session = builder.getOrCreate().newSession()  # names and settings of its own, the same JVM
    except PySparkRuntimeError as error:
        raise EngineUnavailableError(
            f"O Spark não iniciou: {error.getErrorClass()}.",
            hint="Ele precisa de Java 17 ou mais novo. Veja o que ele escreveu, ou use --engine duckdb.",
        ) from error
    for name, value in _of_every_session(entries).items():
        session.conf.set(name, value)
    return session


def settings_of_this_machine(threads: int | None, memory_limit: str | None) -> dict[str, str]:
    """Of a JVM that is started here and ends with this process."""
    settings = {
        "spark.master": f"local[{threads or '*'}]",
        "spark.ui.enabled": "false",  # no port is opened, nobody looks
        "spark.ui.showConsoleProgress": "false",  # the terminal is the command's
        "spark.log.level": "ERROR",
        # Only this machine talks to it, and a laptop's name need not resolve.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    if memory_limit:
        settings["spark.driver.memory"] = memory_limit.lower().removesuffix("b")  # 2GB, as Java: 2g
    return settings


def find_java() -> None:
    """`make setup-spark` leaves one beside Python where the machine has none that is new enough.

    Raises EngineUnavailableError where there is none at all.
    """
    if os.environ.get("JAVA_HOME"):
        return
    if (Path(sys.prefix) / "bin" / "java").exists():
        os.environ["JAVA_HOME"] = sys.prefix
    elif shutil.which("java") is None:
        raise EngineUnavailableError(
            "O motor spark precisa de Java 17 ou mais novo, que não foi encontrado.",
            hint="Instale-o com `make setup-spark`, ou use --engine duckdb.",
        )
