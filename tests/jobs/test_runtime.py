"""Arguments, storage and the commit of a stage, on local folders and on S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from jobs import runtime
from jobs.runtime import (
    JobArguments,
    Produced,
    StageRun,
    fetch,
    join,
    predecessor,
    run_stage,
    storage,
)
from shared.errors import ArgumentError, ReconError, StageInputError
from shared.layout import Stage
from shared.manifest import Manifest, StageError, ValidationFigures

FIGURES = ValidationFigures(lines=2, header=1, skipped=0, entries=1, rejected=0)
INPUTS = {"file": "f" * 64, "profile": "p" * 64}


@pytest.fixture(params=["local", "s3"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A data root, by URI."""
    if request.param == "local":
        yield str(tmp_path / "data")
        return
    with mock_aws():
        runtime._s3_storage.cache_clear()
        where = {"LocationConstraint": "sa-east-1"}
        boto3.client("s3").create_bucket(Bucket="data", CreateBucketConfiguration=where)
        yield "s3://data/root"
    runtime._s3_storage.cache_clear()


def argv_of(data: str, execution: str = "JOB-1", **more: str) -> list[str]:
    given = {
        "job_id": "JOB-1",
        "execution_name": execution,
        "output_path": f"{data}/runs/JOB-1/{execution}/validation",
        "profiles_path": f"{data}/profiles",
    } | more
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def stage_of(data: str, execution: str = "JOB-1", **more: str) -> StageRun:
    arguments = runtime.parse_arguments(argv_of(data, execution, **more), JobArguments)
    return StageRun(Stage.VALIDATION, arguments, lambda: datetime(2026, 2, 16, tzinfo=UTC))


def produced(folder: Path, text: str = "rows") -> dict[str, Produced]:
    folder.mkdir(exist_ok=True)
    (folder / "entries.parquet").write_text(text)
    return {"entries": Produced(folder / "entries.parquet", 1)}


def content(root: str, manifest: Manifest, scratch: Path) -> str:
    return fetch(root, manifest.files["entries"], scratch).read_text()


# Arguments


class KeyArguments(JobArguments):
    object_key: str


def test_unknown_arguments_are_tolerated_because_glue_adds_its_own():
    argv = [
        "--JOB_NAME",
        "x",
        *argv_of("d"),
        "--enable-metrics",
        "--extra-py-files",
        "s3://a/b.zip",
    ]
    assert runtime.parse_arguments(argv, JobArguments).job_id == "JOB-1"


@pytest.mark.parametrize("key", ["--force", "-x.csv", "", "a b", "%2B+.csv", 'é\n".csv', "--x=y"])
def test_a_value_is_taken_as_it_is_however_it_looks(key: str):
    argv = ["--object_key", key, *argv_of("d")]
    arguments = runtime.parse_arguments(argv, KeyArguments)
    assert arguments.object_key == key
    assert arguments.force is False


@pytest.mark.parametrize(("written", "force"), [("true", True), ("false", False)])
def test_force_comes_as_a_word(written: str, force: bool):
    assert runtime.parse_arguments(argv_of("d", force=written), JobArguments).force is force


def test_every_missing_or_wrong_argument_is_named_at_once():
    with pytest.raises(ArgumentError) as refused:
        runtime.parse_arguments(
            ["--job_id", "a/b", "--force", "talvez", "--output_path"], JobArguments
        )
    for name in ("job_id", "execution_name", "output_path", "profiles_path", "force"):
        assert f"--{name}: " in refused.value.message


def test_a_process_started_without_its_arguments_ends_with_a_reason(
    capsys: pytest.CaptureFixture[str],
):
    assert run_stage(Stage.VALIDATION, JobArguments, lambda *_: pytest.fail("ran"), []) == 1
    assert "ARGUMENT: Argumentos ausentes ou inválidos: --job_id" in capsys.readouterr().out


# Storage


def test_what_is_put_is_read_and_listed(data: str, tmp_path: Path):
    store = storage(data)
    (tmp_path / "file").write_bytes(b"1")
    store.put_file(f"{data}/a/x", tmp_path / "file")
    store.put(f"{data}/a/b/y", b"2")
    store.put(f"{data}/ab", b"3")
    assert runtime.read(f"{data}/a/x") == b"1"
    assert sorted(store.list(f"{data}/a")) == [f"{data}/a/b/y", f"{data}/a/x"]


@pytest.mark.parametrize("key", ["a?b#c.csv", "100% +é.csv", "[x]"])
def test_keys_may_hold_what_a_url_may_not(data: str, key: str):
    storage(data).put(f"{data}/{key}", b"1")
    assert runtime.read(f"{data}/{key}") == b"1"
    assert list(storage(data).list(data)) == [f"{data}/{key}"]


def test_a_second_put_once_finds_the_first_and_leaves_it(data: str):
    store = storage(data)
    assert store.put_once(f"{data}/m", b"first")
    assert not store.put_once(f"{data}/m", b"second")
    assert runtime.read(f"{data}/m") == b"first"
    assert list(store.list(data)) == [f"{data}/m"]


def test_a_missing_object_is_an_error_that_names_it(data: str):
    with pytest.raises(StageInputError, match="nada"):
        runtime.read(f"{data}/nada")
    assert storage(data).newest_version(f"{data}/nada") is None


def test_a_report_in_a_bucket_is_a_page_that_a_browser_shows(tmp_path: Path):
    with mock_aws():
        s3 = boto3.client("s3")
        where = {"LocationConstraint": "sa-east-1"}
        s3.create_bucket(Bucket="data", CreateBucketConfiguration=where)
        for name in ("report.html", "breaks.parquet"):
            (tmp_path / name).write_bytes(b"x")
            runtime.S3Storage(s3).put_file(f"s3://data/{name}", tmp_path / name)
        types = [
            s3.head_object(Bucket="data", Key=name)["ContentType"]
            for name in ("report.html", "breaks.parquet")
        ]
    assert types == ["text/html; charset=utf-8", "binary/octet-stream"]


class UndecidedS3:
    """Answers a conditional put with these status codes, then accepts it."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)

    def put_object(self, **_: object) -> None:
        if self.statuses:
            status = self.statuses.pop(0)
            answer = {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "PutObject")


def test_a_put_in_conflict_with_one_under_way_is_tried_again_a_few_times():
    def put(*statuses: int) -> bool:
        return runtime.S3Storage(UndecidedS3(*statuses)).put_once("s3://b/k", b"")

    assert put(409, 409) is True
    assert put(409, 412) is False
    for refused in ((403,), (409, 409, 409)):
        with pytest.raises(ClientError):
            put(*refused)


def test_paths_are_joined_within_a_folder_of_either_kind():
    assert join("s3://b/runs/j/e/validation/", "../../e0/x") == "s3://b/runs/j/e0/x"
    assert join("/d/runs/e", "../x") == "/d/runs/x"


# A stage


def test_a_manifest_names_its_files_by_hash_and_comes_last(data: str, tmp_path: Path):
    run = stage_of(data)
    manifest = run.publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    assert predecessor(run.root) == manifest
    assert (manifest.execution, manifest.inputs, manifest.reused_from) == ("JOB-1", INPUTS, None)
    (file,) = manifest.files.values()
    assert (file.bytes, file.rows) == (4, 1)
    assert content(run.root, manifest, tmp_path) == "rows"


def test_a_stage_without_a_manifest_has_not_ended(data: str):
    with pytest.raises(StageInputError, match="A etapa anterior não terminou"):
        predecessor(stage_of(data).root)


def test_what_a_stage_of_another_code_left_is_not_read(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As where the jobs are published anew between two stages of a run."""
    run = stage_of(data)
    run.publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    monkeypatch.setattr(runtime, "CODE_VERSION", "other")
    with pytest.raises(StageInputError, match="da versão 4 dos jobs, e esta é da other") as refused:
        predecessor(run.root)
    assert "Retome a execução" in (refused.value.hint or "")


def test_a_file_that_is_not_what_its_manifest_says_is_refused(data: str, tmp_path: Path):
    run = stage_of(data)
    file = run.publish(INPUTS, produced(tmp_path / "out"), FIGURES).files["entries"]
    storage(data).put(join(run.root, file.path), b"tampered")
    with pytest.raises(StageInputError, match="não é o que o manifesto"):
        fetch(run.root, file, tmp_path)


def test_of_two_runs_of_one_stage_the_first_manifest_wins_for_both(data: str, tmp_path: Path):
    early, late = stage_of(data), stage_of(data)
    first = early.publish(INPUTS, produced(tmp_path / "a", "first"), FIGURES)
    second = late.publish(INPUTS, produced(tmp_path / "b", "second"), FIGURES)
    assert second == first == predecessor(early.root)
    assert content(early.root, second, tmp_path) == "first"


def test_a_later_attempt_takes_over_an_earlier_ones_files(data: str, tmp_path: Path):
    first = stage_of(data).publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    second = stage_of(data, "JOB-1-R1")
    reused = second.reuse(INPUTS)
    assert reused is not None
    assert (reused.execution, reused.reused_from) == ("JOB-1-R1", "JOB-1")
    assert reused.content_hash == first.content_hash
    assert content(second.root, reused, tmp_path) == "rows"
    third = stage_of(data, "JOB-1-R2")
    again = third.reuse(INPUTS)
    assert again is not None
    assert again.reused_from == "JOB-1"
    assert content(third.root, again, tmp_path) == "rows"


def test_a_redriven_stage_finds_its_own_result(data: str, tmp_path: Path):
    first = stage_of(data).publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    assert stage_of(data).reuse(INPUTS) == first


def test_nothing_is_reused_under_force_for_other_inputs_other_code_or_another_stage(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stage_of(data).publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    assert stage_of(data, "JOB-1-R1", force="true").reuse(INPUTS) is None
    assert stage_of(data, "JOB-1-R1").reuse(INPUTS | {"profile": "q" * 64}) is None
    other = f"{data}/runs/JOB-1/JOB-1-R1/reconciliation"
    arguments = runtime.parse_arguments(argv_of(data, output_path=other), JobArguments)
    assert StageRun(Stage.RECONCILIATION, arguments).reuse(INPUTS) is None
    monkeypatch.setattr(runtime, "CODE_VERSION", "other")
    assert stage_of(data, "JOB-1-R1").reuse(INPUTS) is None


def test_what_each_run_must_do_anew_is_done_on_reuse_too(data: str, tmp_path: Path):
    stage_of(data).publish(INPUTS, produced(tmp_path / "out"), FIGURES)
    seen = []

    def amend(files: runtime.Files, figures: ValidationFigures) -> ValidationFigures:
        seen.append(sorted(files))
        return figures.model_copy(update={"skipped": 9})

    reused = stage_of(data, "JOB-1-R1").reuse(INPUTS, amend)
    assert seen == [["entries"]]
    assert reused is not None
    assert reused.figures_of(ValidationFigures).skipped == 9


# The process


def explained(data: str, work) -> StageError:
    assert run_stage(Stage.VALIDATION, JobArguments, work, argv_of(data)) == 1
    assert not [uri for uri in storage(data).list(data) if uri.endswith("manifest.json")]
    return StageError.from_json(runtime.read(f"{data}/runs/JOB-1/JOB-1/validation/error.json"))


def test_an_expected_failure_is_explained_in_its_own_words(data: str):
    def fail(*_: object) -> Manifest:
        raise ReconError("Falta algo.", hint="Ponha.", code="FALTA")

    error = explained(data, fail)
    assert (error.code, error.message, error.hint) == ("FALTA", "Falta algo.", "Ponha.")
    assert (error.job_id, error.execution, error.stage) == ("JOB-1", "JOB-1", Stage.VALIDATION)


def test_a_bug_is_explained_without_its_text_which_may_hold_data(
    data: str, capsys: pytest.CaptureFixture[str]
):
    cell = "12.345,67 Fulano"

    def fail(*_: object) -> Manifest:
        raise KeyError(cell)

    error = explained(data, fail)
    assert error.code == "INTERNAL"
    assert error.message == "Falha interna na etapa validation: KeyError"
    log = capsys.readouterr()
    assert "in fail" in log.err  # where it was raised
    assert "12.345,67" not in log.out + log.err


def test_what_aws_refused_is_named(data: str):
    def fail(*_: object) -> Manifest:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "arn…"}}, "GetObject")

    assert "ClientError (AccessDenied em GetObject)" in explained(data, fail).message


def test_the_scratch_folder_is_gone_when_the_stage_has_ended(data: str):
    seen: list[Path] = []

    def work(arguments: JobArguments, run: StageRun, scratch: Path) -> Manifest:
        seen.append(scratch)
        return run.publish(INPUTS, produced(scratch / "out"), FIGURES)

    assert run_stage(Stage.VALIDATION, JobArguments, work, argv_of(data)) == 0
    assert not seen[0].exists()
    manifest = json.loads(runtime.read(f"{data}/runs/JOB-1/JOB-1/validation/manifest.json"))
    assert manifest["figures"]["entries"] == 1


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (ReconError('a célula "987,65" está errada', code="X"), "X\n"),
        (ValueError("987,65"), "INTERNAL: ValueError\n"),
    ],
)
def test_no_error_text_reaches_the_log_for_it_may_quote_a_row(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], error: Exception, logged: str
) -> None:
    def fail(*_: object) -> Manifest:
        raise error

    argv = ["--job_id", "J", "--execution_name", "E", "--profiles_path", "p"]
    argv += ["--output_path", str(tmp_path)]
    assert run_stage(Stage.VALIDATION, JobArguments, fail, argv) == 1
    log = capfd.readouterr()
    assert logged in log.out
    assert "987,65" not in log.out + log.err
