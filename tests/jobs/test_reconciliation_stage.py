"""The stage on local storage, from validation's manifest to its own: what it leaves, reuses and refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.reconciliation.stage import ReconciliationArguments, run_reconciliation
from jobs.runtime import JobArguments, Produced, StageRun, run_stage
from shared.layout import MANIFEST, STAGE_ERROR, Stage
from shared.manifest import Manifest, ReconciliationFigures, StageError, ValidationFigures
from shared.taxonomy import Verdict
from tests.jobs.reconciliation_case import ENGINE, Entry, numbered, read_by, write_entries

pytestmark = pytest.mark.usefixtures("backend")

JOB = "JOB-20260220-default-0123456789abcdef"
FILE = (
    Entry("A", 1_000, "E1", "NF1"),
    Entry("B", 1_000, "E1", "NF1"),
    Entry("A", 500, "E2", "NF2"),
    Entry("B", 503, "X2", "NF2", day=1),
    Entry("A", 77, "E3", "NF3"),
)
ROOT = Path(__file__).parents[2]


class Job:
    """A job's folder, in which attempts lie side by side."""

    def __init__(self, folder: Path, job_id: str = JOB) -> None:
        self.folder = folder / job_id
        self.job_id = job_id

    def stage(self, execution: str, stage: Stage) -> Path:
        return self.folder / execution / stage

    def validated(
        self, execution: str, entries: Sequence[Entry] = FILE, told: ValidationFigures | None = None
    ) -> None:
        lines = numbered(entries)
        scratch = self.folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        path = write_entries(lines, scratch / "entries.parquet")
        arguments = JobArguments(
            job_id=self.job_id,
            execution_name=execution,
            output_path=str(self.stage(execution, Stage.VALIDATION)),
            profiles_path=str(ROOT / "profiles"),
        )
        files = {"entries": Produced(path, len(lines))}
        StageRun(Stage.VALIDATION, arguments).publish({"file": "f"}, files, told or read_by(lines))

    def arguments(self, execution: str, *more: str) -> list[str]:
        return [
            *("--job_id", self.job_id, "--execution_name", execution),
            *("--output_path", str(self.stage(execution, Stage.RECONCILIATION))),
            *("--validated_data_path", str(self.stage(execution, Stage.VALIDATION))),
            *("--profiles_path", str(ROOT / "profiles")),
            *("--engine", ENGINE.get()),
            *more,
        ]

    def reconcile(self, execution: str, *more: str) -> int:
        return run_stage(
            Stage.RECONCILIATION,
            ReconciliationArguments,
            run_reconciliation,
            self.arguments(execution, *more),
        )

    def manifest(self, execution: str) -> Manifest:
        path = self.stage(execution, Stage.RECONCILIATION) / MANIFEST
        return Manifest.from_json(path.read_bytes())

    def error(self, execution: str) -> StageError:
        folder = self.stage(execution, Stage.RECONCILIATION)
        assert not (folder / MANIFEST).exists()
        return StageError.from_json((folder / STAGE_ERROR).read_bytes())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_process_started_as_glue_starts_it_leaves_a_proven_result(job: Job) -> None:
    job.validated("first")
    command = [sys.executable, "jobs/reconciliation/__main__.py"]
    glue_adds = ("--JOB_NAME", "reconciliation-reconciliation")
    done = subprocess.run(
        [*command, *job.arguments("first", *glue_adds)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert MANIFEST in done.stdout
    manifest = job.manifest("first")
    figures = manifest.figures_of(ReconciliationFigures)
    assert figures.counts == {"matched_exact": 1, "matched_tolerance": 1, "missing_in_b": 1}
    assert figures.verdict == Verdict.DIVERGENT
    assert [(p.name, p.matches) for p in figures.passes] == [("id-exato", 1), ("referencia", 1)]
    assert figures.as_of.isoformat() == "2026-02-20"
    rows = {
        name: pq.read_metadata(job.stage("first", Stage.RECONCILIATION) / file.path).num_rows
        for name, file in manifest.files.items()
    }
    assert rows == {"matches": 2, "breaks": 1, "near": 0, "bridge": 7, "summary": 1}
    assert rows == {name: file.rows for name, file in manifest.files.items()}


def test_a_later_attempt_on_equal_inputs_takes_over_the_files(job: Job) -> None:
    for execution in ("first", "second"):
        job.validated(execution)
        assert job.reconcile(execution) == 0
    first, second = job.manifest("first"), job.manifest("second")
    assert (first.reused_from, second.reused_from) == (None, "first")
    assert second.content_hash == first.content_hash
    taken = job.stage("second", Stage.RECONCILIATION) / second.files["breaks"].path
    assert taken.resolve().is_relative_to(job.stage("first", Stage.RECONCILIATION))


def test_a_forced_attempt_computes_again_and_concludes_the_same(job: Job) -> None:
    for execution, more in (("first", ()), ("second", ("--force", "true"))):
        job.validated(execution)
        assert job.reconcile(execution, *more) == 0
    assert job.manifest("second").reused_from is None
    assert job.manifest("second").content_hash == job.manifest("first").content_hash


def test_threads_and_memory_change_nothing_in_the_result(job: Job) -> None:
    for execution, more in (
        ("first", ()),
        ("second", ("--threads", "1", "--memory_limit", "100MB")),
    ):
        job.validated(execution)
        assert job.reconcile(execution, "--force", "true", *more) == 0
    assert job.manifest("second").content_hash == job.manifest("first").content_hash


def test_another_day_is_another_input(job: Job) -> None:
    for execution, more in (("first", ()), ("second", ("--as_of", "2026-03-01"))):
        job.validated(execution)
        assert job.reconcile(execution, *more) == 0
    assert job.manifest("second").reused_from is None
    assert (
        job.manifest("second").figures_of(ReconciliationFigures).as_of.isoformat() == "2026-03-01"
    )


def test_a_job_named_without_a_day_counts_from_the_latest_entry(tmp_path: Path) -> None:
    job = Job(tmp_path, "manual-1")
    job.validated("first")
    assert job.reconcile("first") == 0
    assert job.manifest("first").figures_of(ReconciliationFigures).as_of.isoformat() == "2026-02-17"


def test_a_file_without_entries_still_leaves_every_table(job: Job) -> None:
    job.validated("first", [])
    assert job.reconcile("first") == 0
    manifest = job.manifest("first")
    assert {name: file.rows for name, file in manifest.files.items()} == {
        "matches": 0,
        "breaks": 0,
        "near": 0,
        "bridge": 0,
        "summary": 0,
    }
    assert manifest.figures_of(ReconciliationFigures).verdict == Verdict.AGREED


def test_without_validations_manifest_the_stage_fails_and_says_which_is_missing(job: Job) -> None:
    assert job.reconcile("first") == 1
    error = job.error("first")
    assert error.code == "STAGE_INPUT"
    assert str(job.stage("first", Stage.VALIDATION)) in error.message


def test_a_result_that_does_not_close_is_no_success_and_names_the_identity(job: Job) -> None:
    lost_a_record = read_by(FILE).model_copy(update={"lines": 7})
    job.validated("first", FILE, lost_a_record)
    assert job.reconcile("first") == 1
    error = job.error("first")
    assert error.code == "IDENTITY_FAILED"
    assert "records: esperado 7, encontrado 6" in error.message


def test_too_many_pairs_stop_the_run_and_name_pass_key_and_count(job: Job) -> None:
    hot = [Entry(side, 1, f"{side}{n}", "SALARIO") for side in "AB" for n in range(7_100)]
    job.validated("first", [Entry("A", 5, "E1"), Entry("B", 5, "E1"), *hot])
    assert job.reconcile("first") == 1
    error = job.error("first")
    assert error.code == "TOO_MANY_PAIRS"
    assert "O passe referencia compararia 50410000 pares" in error.message
    assert "a chave da linha " in error.message
    assert " sozinha tem 50410000" in error.message
    assert "SALARIO" not in error.to_json()
    assert error.hint is not None
    assert "limits.max_pairs" in error.hint
    assert error.details == {
        "passes": [{"name": "id-exato", "matches": 1}],
        "stopped_at": "referencia",
        "pairs": 50_410_000,
        "max_pairs": 50_000_000,
        "hot_key_pairs": 50_410_000,
        "preliminary": str(job.stage("first", Stage.RECONCILIATION) / "preliminary.parquet"),
    }
    (pair,) = pq.read_table(error.details["preliminary"]).to_pylist()
    assert (pair["line_a"], pair["line_b"], pair["class"]) == (2, 3, "matched_exact")
    assert not (job.stage("first", Stage.RECONCILIATION) / MANIFEST).exists()
