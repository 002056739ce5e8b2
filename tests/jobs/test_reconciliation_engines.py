"""Two engines, one result: what SQL of both must mean the same, and whole reconciliations on both."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.profile import load_profile
from jobs.reconciliation import reconcile as reconcile_module
from jobs.reconciliation import spark_engine
from jobs.reconciliation.engine import (
    SPARK_FROM_ENTRIES,
    DuckDBEngine,
    Engine,
    EngineUnavailableError,
)
from jobs.reconciliation.reconcile import ReconciliationResult, engine_for, reconcile
from jobs.reconciliation.rules import Sql, everything, length_prefixed, match_key, values
from jobs.reconciliation.spark_engine import SparkEngine, find_java
from jobs.validation.acceptance import validate
from recon.cli import main
from shared.lines import REFERENCE_BASE
from shared.manifest import ReconciliationFigures
from tests.jobs.folder_bucket import folder_buckets
from tests.jobs.reconciliation_case import Entry, profile_of, read_by, write_entries
from tests.jobs.test_reconciliation_against_reference import AS_OF, case
from tests.jobs.test_reconciliation_stage import Job
from tests.jobs.test_samples_reconciliation import ACCEPTED
from tests.jobs.test_samples_validation import PROFILES, ROOT, SAMPLES

RANDOM_CASES = 200
SHORT = 60  # the seed of `make test`: rounds, equal rows that tie, and an ambiguous one
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
SETTINGS = tuple(spark_engine._of_every_session(1))
WORDS = "emoji 😀, família 👨‍👩‍👧, ação"


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    running: Engine = (
        DuckDBEngine(tmp_path) if request.param == "duckdb" else SparkEngine(tmp_path, entries=1)
    )
    with running:
        yield running


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (f"length('{WORDS}')", len(WORDS)),
        (f"sha256('{WORDS}')", sha256(WORDS)),
        ("lane('ffffffff00000001', 1)", 2**32 - 1),
        ("lane('ffffffff00000001', 2)", 1),
        ("date_diff('day', date '2026-03-01', date '2024-02-29')", -731),
        ("cast(date_diff('day', date '2026-02-28', date '2026-03-01') as int)", 1),
        (f"cast({LARGEST} as decimal(38, 0)) - cast({SMALLEST + 1} as decimal(38, 0))", 2**64 - 2),
        (f"abs(cast({SMALLEST + 1} as decimal(38, 0))) * 10000", LARGEST * 10_000),
        (f"cast(cast({LARGEST} as decimal(38, 0)) * 2 as text)", str(LARGEST * 2)),
        ("cast(cast(-5 as decimal(38, 0)) as text)", "-5"),
        ("cast(cast('2026-02-03' as date) as text)", "2026-02-03"),
        ("concat('a', null, 'b')", "ab"),
        ("concat_ws('|', 'a', null, 'b')", "a|b"),
        ("'a' || null", None),
        ("cast(1 < 2 as int) + cast(1 > 2 as int)", 1),
        ("greatest(-1, 0)", 0),
        ("least(1, null, 2)", 1),
        ("substr('abc', 1, 2)", "ab"),
        ("coalesce(null, '-')", "-"),
    ],
)
def test_an_expression_has_one_value(expression: str, value: object, engine: Engine) -> None:
    (row,) = engine.fetch(Sql(f"select {expression} as value"))
    assert row["value"] == value


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "select name from rows qualify row_number() over (order by amount, name) = 3",
            [{"name": None}],  # nulls last, in a window's order too
        ),
        (
            "select side, arg_min(name, amount) as first, count(*) filter (where amount > 1) as many "
            "from rows group by side order by side",
            [{"side": "A", "first": "x", "many": 1}, {"side": "B", "first": "y", "many": 0}],
        ),
        (
            "select rows.amount from rows anti join (select 'x' as name) as taken on taken.name = rows.name "
            "order by rows.amount",
            [{"amount": 1}, {"amount": 2}],
        ),
        (
            "select rows.amount from rows semi join (select 'x' as name) as taken on taken.name = rows.name",
            [{"amount": 1}],
        ),
        (
            "select amount, last_value(name ignore nulls) over before as name from rows "
            "window before as (order by amount, name rows between unbounded preceding and 1 preceding) "
            "order by amount desc, name desc limit 1",
            [{"amount": 2, "name": "y"}],
        ),
        ("select distinct side from rows order by side", [{"side": "A"}, {"side": "B"}]),
        (
            "select side from rows where amount = 1 union select 'A' order by side",
            [{"side": "A"}, {"side": "B"}],
        ),
    ],
)
def test_a_query_has_one_answer(query: str, told: list[dict[str, Any]], engine: Engine) -> None:
    rows = [("A", "x", 1), ("A", None, 2), ("B", "y", 1)]
    engine.view("rows", values("rows", ("side", "name", "amount"), rows))
    assert engine.fetch(Sql(query)) == told


def test_a_sum_beyond_an_integer_is_an_error_and_no_amount(engine: Engine) -> None:
    limits = values("limits", ("amount",), [(LARGEST,), (LARGEST,)])
    engine.view("limits", limits)
    with pytest.raises(Exception, match=r"(?i)overflow|out of range"):
        engine.fetch(Sql("select cast(sum(amount) as bigint) as total from limits"))


def test_equal_keys_are_equal_texts_whatever_their_alphabet(engine: Engine) -> None:
    engine.view("rows", values("rows", ("reference", "description"), [(WORDS, None), (None, None)]))
    key = match_key(["reference", "description"])
    names = length_prefixed(["reference", "description"])
    told = engine.fetch(everything("rows", f"{key} as match_key", f"{names} as content"))
    assert sorted(told, key=lambda row: str(row["content"])) == [
        {"match_key": None, "content": "--"},
        {"match_key": f"{len(WORDS)}:{WORDS}-", "content": f"{len(WORDS)}:{WORDS}-"},
    ]


def test_a_name_means_what_it_was_last_given(engine: Engine) -> None:
    one, two = (values("v", ("n",), [(n,)]) for n in (1, 2))
    engine.view("latest", one)
    engine.view("above", Sql("select n * 10 as n from latest"))
    engine.view("latest", two)
    assert engine.table("kept", Sql("select n from above")) == 1
    assert engine.fetch(Sql("select n from kept")) == [{"n": 20}]


def test_what_is_written_is_one_file_in_the_querys_order(engine: Engine, tmp_path: Path) -> None:
    engine.view("rows", values("rows", ("n", "text"), [(n, str(n)) for n in (3, 1, 2)]))
    path = tmp_path / "rows.parquet"
    query = Sql("select n, text, cast(n as decimal(38, 0)) as amount from rows order by n")
    assert engine.write(query, path) == 3
    assert pq.read_table(path).to_pylist() == [
        {"n": n, "text": str(n), "amount": Decimal(n)} for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("kept", [3, 0])
def test_numbers_are_written_as_the_texts_that_they_stand_for(
    kept: int, engine: Engine, tmp_path: Path
) -> None:
    engine.view("rows", values("rows", ("line_no", "side"), [(1, 1), (2, 0), (3, None)]))
    query = Sql(
        "select cast(line_no as bigint) as line_no, cast(side as int) as side from rows "
        f"where line_no <= {kept} order by line_no"
    )
    path = tmp_path / "rows.parquet"
    assert engine.write(query, path, {"side": ["A", "B"]}) == kept
    written = pq.read_table(path)
    assert written.schema.field("side").type == pa.string()
    assert (
        written.to_pylist()
        == [
            {"line_no": 1, "side": "B"},
            {"line_no": 2, "side": "A"},
            {"line_no": 3, "side": None},
        ][:kept]
    )


# Whole reconciliations


def on_both(
    run: Callable[[str, Path], ReconciliationResult], folder: Path
) -> tuple[ReconciliationResult, ReconciliationResult]:
    results = []
    for name in ("duckdb", "spark"):
        (folder / name).mkdir(parents=True)
        results.append(run(name, folder / name))
    return results[0], results[1]


def assert_equal(duckdb: ReconciliationResult, spark: ReconciliationResult) -> None:
    assert (duckdb.figures.engine, spark.figures.engine) == ("duckdb", "spark")
    assert duckdb.figures.model_copy(update={"engine": "spark"}) == spark.figures
    assert duckdb.files.keys() == spark.files.keys()
    for name, file in duckdb.files.items():
        of_spark = spark.files[name]
        assert of_spark.rows == file.rows
        tables = [pq.read_table(path) for path in (file.path, of_spark.path)]
        # Their contents: DuckDB writes a column that happens to hold no null as required.
        assert tables[0].to_pylist() == tables[1].to_pylist(), name
        assert tables[0].column_names == tables[1].column_names, name
        assert tables[0].schema.types == tables[1].schema.types, name


def of_seed(seed: int, folder: Path) -> None:
    entries, profile = case(seed)
    if seed % 4 == 3:
        entries = [of_the_reference(entry) if entry.side == "A" else entry for entry in entries]
    folder.mkdir(exist_ok=True)
    path = write_entries(entries, folder / "entries.parquet")

    def run(engine: Any, out: Path) -> ReconciliationResult:
        return reconcile(path, profile, out, read_by(entries), engine, AS_OF, threads=2)

    assert_equal(*on_both(run, folder))


def of_the_reference(entry: Entry) -> Entry:
    """Where a profile reads its ledger from a file of its own, lines are numbered beyond 32 bits."""
    return replace(entry, line_no=REFERENCE_BASE + entry.line_no)


@pytest.mark.spark
def test_a_random_file_has_one_result(tmp_path: Path) -> None:
    of_seed(SHORT, tmp_path)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("seed", [seed for seed in range(RANDOM_CASES) if seed != SHORT])
def test_any_random_file_has_one_result(seed: int, tmp_path: Path) -> None:
    of_seed(seed, tmp_path)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("file", ACCEPTED)
def test_a_sample_has_one_result(file: str, tmp_path: Path) -> None:
    profile = load_profile(str(ROOT / "profiles"), PROFILES[file])
    with (SAMPLES / file).open("rb") as source:
        validated = validate(source, profile, tmp_path)

    def run(engine: Any, out: Path) -> ReconciliationResult:
        return reconcile(validated.entries, profile, out, validated.figures, engine)

    assert_equal(*on_both(run, tmp_path))


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SHORT, RANDOM_CASES, 70))
def test_the_settings_for_many_entries_change_nothing_in_the_result(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several tasks a step, plans made anew, compiled queries."""
    monkeypatch.setattr(spark_engine, "_FEW_ENTRIES", 0)
    monkeypatch.setattr(spark_engine, "_ENTRIES_A_TASK", 10)
    of_seed(seed, tmp_path)


@pytest.mark.spark
@pytest.mark.slow
def test_a_file_without_entries_has_one_result_and_nothing_staged_stays(tmp_path: Path) -> None:
    path = write_entries([], tmp_path / "entries.parquet")

    def run(engine: Any, out: Path) -> ReconciliationResult:
        return reconcile(path, profile_of(), out, read_by([]), engine, AS_OF)

    duckdb, spark = on_both(run, tmp_path)
    assert_equal(duckdb, spark)
    assert {f.name for f in (tmp_path / "spark").iterdir()} == {
        f.path.name for f in spark.files.values()
    }


@pytest.mark.spark
@pytest.mark.slow
def test_the_command_runs_on_spark_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for engine in ("duckdb", "spark"):
        argv = ["reconcile", str(SAMPLES / "divergente.csv"), "--engine", engine]
        assert main([*argv, "--out", str(tmp_path / engine), "--json"]) == 1
        told.append(json.loads(capsys.readouterr().out))
    assert [t["engine"] for t in told] == ["duckdb", "spark"]
    assert told[0]["result_hash"] == told[1]["result_hash"]


# Glue's surroundings


@pytest.mark.spark
def test_a_session_that_is_there_is_shared_and_left_as_it_was(tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    with SparkEngine(tmp_path / "one", entries=1):
        there = SparkSession.builder.getOrCreate()  # what a Glue job's own lines would have made
    before = {name: there.conf.get(name) for name in SETTINGS}
    there.conf.set("spark.sql.shuffle.partitions", "7")
    with SparkEngine(tmp_path / "two", entries=1) as engine:
        assert engine._session.sparkContext is there.sparkContext
        assert engine._session.conf.get("spark.sql.shuffle.partitions") == "1"
        engine.view("ours", values("ours", ("n",), [(1,)]))
        assert not there.catalog.tableExists("ours")
        assert there.conf.get("spark.sql.shuffle.partitions") == "7"
    there.conf.set("spark.sql.shuffle.partitions", before["spark.sql.shuffle.partitions"])
    assert {name: there.conf.get(name) for name in SETTINGS} == before


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_submitted_job_whose_workers_are_other_processes_stages_on_s3(tmp_path: Path) -> None:
    """As in Glue, but for S3's driver: Hadoop reads `s3://data/staging` from the folder that boto3's S3 serves.

    Only the submitted session has that driver and that cluster, so a session of the job's own would find nothing there.
    """
    job = Job(tmp_path / "job")
    job.validated("on-duckdb")
    job.validated("on-spark")
    assert job.reconcile("on-duckdb") == 0
    (tmp_path / "s3" / "data").mkdir(parents=True)
    submitted = {
        "spark.master": "local-cluster[1,1,1024]",
        "spark.executor.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.mounttable.data.link./staging": f"file://{tmp_path}/s3/data/staging",
    }
    with folder_buckets(tmp_path / "s3") as endpoint:
        settings = [
            word for name, value in submitted.items() for word in ("--conf", f"{name}={value}")
        ]
        staging = ("--engine", "spark", "--staging_path", "s3://data/staging", "--force", "true")
        done = subprocess.run(
            [
                Path(sys.executable).with_name("spark-submit"),
                *settings,
                "jobs/reconciliation/__main__.py",
                *job.arguments("on-spark"),
                *staging,
            ],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                **({"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}),
                "PYTHONPATH": str(ROOT),
                "PYSPARK_PYTHON": sys.executable,
                "SPARK_LOCAL_IP": "127.0.0.1",
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "sa-east-1",
            },
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    figures = [
        job.manifest(execution).figures_of(ReconciliationFigures)
        for execution in ("on-duckdb", "on-spark")
    ]
    assert figures[1] == figures[0].model_copy(update={"engine": "spark"})
    (staged,) = (tmp_path / "s3" / "data" / "staging").iterdir()
    assert {f.name for f in (staged / "sources").glob("*.parquet")} >= {
        "entries.parquet", "matches.parquet", "breaks.parquet", "near.parquet",
    }  # fmt: skip
    assert list(staged.glob("matches.parts/*.parquet"))


@pytest.mark.spark
def test_workers_that_share_no_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere:
        class sparkContext:
            master = "spark://127.0.0.1:7077"

    monkeypatch.setattr(spark_engine, "_session", lambda *_: Elsewhere())
    with pytest.raises(EngineUnavailableError, match="que todos alcancem") as refused:
        SparkEngine(tmp_path, entries=1)
    assert "--staging_path" in (refused.value.hint or "")
    assert SparkEngine(tmp_path, 1, staging="s3://data/staging")._staging.startswith(
        "s3://data/staging/spark-"
    )


# The choice


def recording(engine_name: str) -> Any:
    class Recording(DuckDBEngine):
        name = engine_name
        asked: ClassVar[list[str]] = []

        def _run(self, statement: str) -> Any:
            self.asked.append(statement)
            return super()._run(statement)

    return Recording


@pytest.mark.parametrize("seed", [SHORT, 37, 61])
def test_no_rule_asks_which_engine_it_runs_on(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that differ in nothing but their name are asked the same, word for word."""
    entries, profile = case(seed)
    path = write_entries(entries, tmp_path / "entries.parquet")
    asked = []
    for engine in (recording("duckdb"), recording("spark")):
        monkeypatch.setattr(reconcile_module, "DuckDBEngine", engine)
        out = tmp_path / engine.name
        out.mkdir()
        done = reconcile(path, profile, out, read_by(entries), "duckdb", AS_OF)
        assert done.figures.engine == engine.name
        asked.append([statement.replace(str(out), "") for statement in engine.asked])
    assert len(asked[0]) > 40
    assert asked[0] == asked[1]


def test_auto_takes_spark_where_one_machine_would_spill() -> None:
    assert engine_for("auto", SPARK_FROM_ENTRIES - 1) == "duckdb"
    assert engine_for("auto", SPARK_FROM_ENTRIES) == "spark"
    assert engine_for("spark", 0) == "spark"
    assert engine_for("duckdb", SPARK_FROM_ENTRIES) == "duckdb"


def test_spark_is_imported_only_where_it_runs() -> None:
    program = """
import sys, jobs.reconciliation.stage, recon.stages
assert "duckdb" in sys.modules
sys.exit("pyspark" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_machine_without_spark_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineUnavailableError, match="pyspark"):
        SparkEngine(tmp_path, entries=1)
    argv = ["reconcile", str(SAMPLES / "conciliado.csv"), "--engine", "spark"]
    assert main([*argv, "--out", str(tmp_path)]) == 2
    assert "make setup-spark" in capsys.readouterr().err


def test_java_is_the_machines_or_the_one_beside_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", "")
    with pytest.raises(EngineUnavailableError, match="Java 17"):
        find_java()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    find_java()
    assert spark_engine.os.environ["JAVA_HOME"] == str(tmp_path)
