"""A run of two files: the upload, and the reference that was put before it."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs import runtime
from jobs.profile import load_profile
from jobs.reconciliation.reconcile import reconcile
from jobs.runtime import run_stage
from jobs.validation.acceptance import validate
from jobs.validation.reference import Reference, UnusableReferenceError, find_reference
from jobs.validation.refusal import RefusedFileError
from jobs.validation.stage import ValidationArguments, run_validation
from shared.errors import StageInputError
from shared.layout import Stage, reference_key, reference_put_at
from shared.lines import REFERENCE_BASE
from shared.manifest import Manifest, StageError, ValidationFigures

ROOT = Path(__file__).parents[2]
PROFILES = str(ROOT / "profiles")
PROFILE = load_profile(PROFILES, "inter-razao")
LEDGER = ROOT / "samples" / "reference" / "inter-razao.csv"
STATEMENT = (ROOT / "samples" / "inter-razao.csv").read_bytes()
NOW = datetime(2026, 3, 7, 12, 0, 30, tzinfo=UTC)


def put(folder: Path, put_at: datetime, content: bytes = LEDGER.read_bytes()) -> str:
    name = reference_key("p", put_at, hashlib.sha256(content).hexdigest()).rpartition("/")[2]
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return name


def reference(tmp_path: Path, content: bytes | None = None) -> Reference:
    path = tmp_path / "razao.csv"
    path.write_bytes(LEDGER.read_bytes() if content is None else content)
    return Reference(path, "razao.csv", runtime.hash_file(path), NOW, 3)


def test_a_reference_is_named_for_when_it_was_put_and_for_its_bytes():
    key = reference_key("inter", NOW, "0123456789abcdef" * 4)
    assert key == "reference/inter/20260307T120030Z-0123456789abcdef.csv"
    assert reference_put_at(key.rpartition("/")[2]) == NOW
    for other in ("razao.csv", "20261399T120030Z-0123456789abcdef.csv", "x" + key):
        assert reference_put_at(other) is None


def test_the_newest_reference_counts_and_what_is_not_named_as_one_does_not(tmp_path: Path):
    folder = tmp_path / "reference"
    put(folder, NOW - timedelta(days=2), b"old")
    newer = put(folder, NOW - timedelta(days=1, hours=1))
    (folder / "zzz.csv").write_bytes(b"by hand")
    found = find_reference(str(folder), PROFILE, NOW, tmp_path)
    assert found is not None
    assert (found.name, found.age_days) == (newer, 1)
    assert found.put_at == NOW - timedelta(days=1, hours=1)
    assert found.path.read_bytes() == LEDGER.read_bytes()
    assert found.sha256 == hashlib.sha256(LEDGER.read_bytes()).hexdigest()


@pytest.mark.parametrize("folder", [None, "nothing-there"])
def test_a_missing_reference_is_said_with_what_to_do(folder: str | None, tmp_path: Path):
    with pytest.raises(UnusableReferenceError, match="nenhuma foi guardada") as missing:
        find_reference(folder and str(tmp_path / folder), PROFILE, NOW, tmp_path)
    assert missing.value.error_code == "REFERENCE_MISSING"
    assert "recon reference put ARQUIVO --profile inter-razao" in (missing.value.hint or "")


def test_a_reference_is_stale_from_the_day_after_the_last_that_the_profile_allows(tmp_path: Path):
    put(tmp_path / "at", NOW - timedelta(days=7, hours=23))
    found = find_reference(str(tmp_path / "at"), PROFILE, NOW, tmp_path)
    assert found is not None and found.age_days == 7
    put(tmp_path / "over", NOW - timedelta(days=8))
    with pytest.raises(UnusableReferenceError) as stale:
        find_reference(str(tmp_path / "over"), PROFILE, NOW, tmp_path)
    assert stale.value.error_code == "REFERENCE_STALE"
    assert (
        "27/02/2026 09:00:30, há 8 dias; o perfil inter-razao aceita até 7" in stale.value.message
    )


def test_a_reference_whose_bytes_are_not_those_of_its_name_is_not_read(tmp_path: Path):
    name = put(tmp_path / "reference", NOW)
    (tmp_path / "reference" / name).write_bytes(b"other")
    with pytest.raises(StageInputError, match="não é o que foi guardado"):
        find_reference(str(tmp_path / "reference"), PROFILE, NOW, tmp_path)


def test_a_profile_of_one_file_needs_no_reference(tmp_path: Path):
    assert find_reference(None, load_profile(PROFILES, "inter"), NOW, tmp_path) is None


def test_both_files_become_one_table_in_which_the_lines_of_the_reference_are_known(tmp_path: Path):
    result = validate(
        io.BytesIO(STATEMENT), PROFILE, tmp_path / "out", reference=reference(tmp_path)
    )
    rows = pq.read_table(result.entries).select(["side", "line_no"]).to_pylist()
    assert [(row["side"], row["line_no"]) for row in rows] == [
        *(("B", line) for line in range(7, 12)),
        *(("A", REFERENCE_BASE + line) for line in range(2, 7)),
    ]
    rejects = pq.read_table(result.rejects).to_pylist()
    assert [(r["side"], r["line_no"], r["column"]) for r in rejects] == [
        ("B", 12, "Valor"),
        ("A", REFERENCE_BASE + 7, "valor"),
    ]
    assert rejects[0]["message"].startswith('linha 12, coluna "Valor": "50.00"')
    assert rejects[1]["message"].startswith('linha 7 da referência, coluna "valor": "1200.00"')
    figures, ledger = result.figures, result.figures.reference
    assert ledger is not None
    assert (figures.lines, figures.skipped, figures.entries, figures.rejected) == (13, 6, 5, 1)
    assert (ledger.lines, ledger.skipped, ledger.entries, ledger.rejected) == (7, 0, 5, 1)
    assert (ledger.name, ledger.put_at, ledger.age_days) == ("razao.csv", NOW, 3)
    assert ledger.sha256 == hashlib.sha256(LEDGER.read_bytes()).hexdigest()
    both = figures.both
    assert (both.lines, both.header, both.entries, both.codes) == (20, 2, 10, {"AMOUNT_FORMAT": 2})


def test_a_reject_of_either_file_leaves_the_proof_of_all_records_whole(tmp_path: Path):
    validated = validate(io.BytesIO(STATEMENT), PROFILE, tmp_path, reference=reference(tmp_path))
    result = reconcile(validated.entries, PROFILE, tmp_path, validated.figures)
    proved = {check.name: check.found for check in result.figures.identities}
    assert (proved["records"], proved["entries"]) == ("20", "10")


def test_the_engine_is_chosen_by_the_entries_of_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def chosen(name: str, entries: int) -> str:
        asked.append((name, entries))
        return "duckdb"

    monkeypatch.setattr("jobs.reconciliation.reconcile.engine_for", chosen)
    validated = validate(io.BytesIO(STATEMENT), PROFILE, tmp_path, reference=reference(tmp_path))
    reconcile(validated.entries, PROFILE, tmp_path, validated.figures, "auto")
    assert asked == [("auto", 10)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "(EMPTY_FILE): O arquivo está vazio."),
        (b"data;valor\n", "(HEADER_NOT_FOUND): Cabeçalho não encontrado: a linha 1 da referência"),
        (LEDGER.read_bytes().replace(b";1.500,00", b";x"), "(REJECT_RATIO): 2 linhas rejeitadas"),
    ],
)
def test_a_reference_that_cannot_be_read_refuses_the_run_under_its_own_name(
    content: bytes, said: str, tmp_path: Path
):
    strict = PROFILE.model_copy(
        update={"validation": PROFILE.validation.model_copy(update={"max_reject_ratio": 0.2})}
    )
    given = reference(tmp_path, content)
    with pytest.raises(RefusedFileError) as refused:
        validate(io.BytesIO(STATEMENT), strict, tmp_path / "out", reference=given)
    assert refused.value.error_code == "REFERENCE_REFUSED"
    assert f"A referência razao.csv não serve {said}" in refused.value.message
    assert "recon reference put" in (refused.value.hint or "")
    assert not list((tmp_path / "out").iterdir())


def test_the_ratio_of_rejects_is_of_each_file_by_itself(tmp_path: Path):
    """One of six in either file: a fifth is allowed, though two of twelve of both would be no more."""
    allowed = PROFILE.validation.model_copy(update={"max_reject_ratio": 0.2})
    profile = PROFILE.model_copy(update={"validation": allowed})
    assert validate(io.BytesIO(STATEMENT), profile, tmp_path, reference=reference(tmp_path))
    worse = STATEMENT.replace(b";-12,00;", b";x;")
    with pytest.raises(RefusedFileError, match="2 linhas rejeitadas de 6; o perfil") as refused:
        validate(io.BytesIO(worse), profile, tmp_path, reference=reference(tmp_path))
    assert refused.value.error_code == "REJECT_RATIO"


# The job


def run(tmp_path: Path, execution: str = "JOB-1", **more: str) -> int:
    (tmp_path / "extrato.csv").write_bytes(STATEMENT)
    given = {
        "job_id": "JOB-1",
        "execution_name": execution,
        "bucket_name": "ingress",
        "object_key": "extrato.csv",
        "file_hash": hashlib.sha256(STATEMENT).hexdigest(),
        "profile": "inter-razao",
        "profiles_path": PROFILES,
        "reference_path": str(tmp_path / "reference"),
        "output_path": str(tmp_path / "runs" / "JOB-1" / execution / "validation"),
    } | more
    argv = [word for name, value in given.items() for word in (f"--{name}", value)]
    return run_stage(Stage.VALIDATION, ValidationArguments, run_validation, argv)


def left(tmp_path: Path, name: str, execution: str = "JOB-1") -> bytes:
    return (tmp_path / "runs" / "JOB-1" / execution / "validation" / name).read_bytes()


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ingress bucket as a folder."""
    real = runtime.storage

    class Ingress(runtime.LocalStorage):
        def open(self, uri: str, version: str | None = None):
            return super().open(str(tmp_path / uri.rpartition("/")[2]))

    monkeypatch.setattr(
        "jobs.validation.stage.storage",
        lambda uri: Ingress() if uri.startswith("s3://ingress/") else real(uri),
    )


def test_the_manifest_names_the_reference_and_a_resumed_run_takes_over_the_same_only(
    upload: None, tmp_path: Path
):
    today = datetime.now(UTC)
    name = put(tmp_path / "reference", today - timedelta(days=2))
    assert run(tmp_path) == 0
    manifest = Manifest.from_json(left(tmp_path, "manifest.json"))
    assert manifest.inputs["reference"] == hashlib.sha256(LEDGER.read_bytes()).hexdigest()
    assert (manifest.files["entries"].rows, manifest.files["rejects"].rows) == (10, 2)
    ledger = manifest.figures_of(ValidationFigures).reference
    assert ledger is not None and (ledger.name, ledger.age_days) == (name, 2)

    assert run(tmp_path, "JOB-1-R1") == 0
    assert Manifest.from_json(left(tmp_path, "manifest.json", "JOB-1-R1")).reused_from == "JOB-1"
    put(tmp_path / "reference", today, LEDGER.read_bytes().replace(b"980,50", b"980,05"))
    assert run(tmp_path, "JOB-1-R2") == 0
    assert Manifest.from_json(left(tmp_path, "manifest.json", "JOB-1-R2")).reused_from is None


def test_without_a_reference_the_job_ends_before_it_reads_the_upload(tmp_path: Path):
    assert run(tmp_path, object_key="not-there.csv") == 1
    assert StageError.from_json(left(tmp_path, "error.json")).code == "REFERENCE_MISSING"
