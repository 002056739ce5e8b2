"""The job as Glue starts it: an object of S3 in; entries, rejects and a manifest out, or a reason."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from jobs import runtime
from jobs.profile import load_profile
from jobs.runtime import fetch, run_stage
from jobs.validation import acceptance
from jobs.validation.stage import ValidationArguments, run_validation
from shared.layout import Stage
from shared.manifest import Manifest, StageError, ValidationFigures

ROOT = Path(__file__).parents[2]
PROFILES = str(ROOT / "profiles")
SAMPLE = (ROOT / "samples" / "divergente.csv").read_bytes()
SHA256 = hashlib.sha256(SAMPLE).hexdigest()
KEY = "2026-02-16/a b+é?#.csv"


@pytest.fixture
def s3() -> Iterator[object]:
    with mock_aws():
        runtime._s3_storage.cache_clear()
        client = boto3.client("s3")
        where = {"LocationConstraint": "sa-east-1"}
        for bucket in ("ingress", "data"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        versioning = {"Status": "Enabled"}
        client.put_bucket_versioning(Bucket="ingress", VersioningConfiguration=versioning)
        yield client
    runtime._s3_storage.cache_clear()


@pytest.fixture(params=["s3", "local"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "s3://data" if request.param == "s3" else str(tmp_path / "data")


def root_of(data: str, execution: str = "JOB-1") -> str:
    return f"{data}/runs/JOB-1/{execution}/validation"


def run(data: str, execution: str = "JOB-1", **more: str) -> int:
    given = {
        "job_id": "JOB-1",
        "execution_name": execution,
        "bucket_name": "ingress",
        "object_key": KEY,
        "file_hash": SHA256,
        "profile": "default",
        "profiles_path": PROFILES,
        "output_path": root_of(data, execution),
    } | more
    argv = [word for name, value in given.items() for word in (f"--{name}", value)]
    return run_stage(Stage.VALIDATION, ValidationArguments, run_validation, argv)


def manifest_of(data: str, execution: str = "JOB-1") -> Manifest:
    return runtime.predecessor(root_of(data, execution))


def error_of(data: str, execution: str = "JOB-1") -> StageError:
    return StageError.from_json(runtime.read(root_of(data, execution) + "/error.json"))


def test_an_object_becomes_entries_rejects_and_a_manifest_that_names_its_inputs(
    s3, data: str, tmp_path: Path
):
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    assert run(data) == 0
    manifest = manifest_of(data)
    profile = load_profile(PROFILES, "default")
    assert manifest.inputs == {"file": SHA256, "profile": profile.sha256}
    figures = manifest.figures_of(ValidationFigures)
    assert (figures.lines, figures.header, figures.skipped) == (26, 1, 1)
    rows = {
        name: pq.read_table(fetch(root_of(data), file, tmp_path)).num_rows
        for name, file in manifest.files.items()
    }
    assert rows == {name: file.rows for name, file in manifest.files.items()}
    assert rows == {"entries": figures.entries, "rejects": figures.rejected}
    assert rows == {"entries": 21, "rejects": 3}


def test_the_version_that_the_job_names_is_read_and_latest_means_the_newest(s3, data: str):
    first = s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)["VersionId"]
    newer = SAMPLE.replace(b"D01", b"X01")
    s3.put_object(Bucket="ingress", Key=KEY, Body=newer)
    assert run(data, object_version=first) == 0
    assert run(data, "JOB-1-R1", object_version="latest", force="true") == 1
    assert error_of(data, "JOB-1-R1").code == "HASH_MISMATCH"
    assert run(data, "JOB-1-R2", file_hash=hashlib.sha256(newer).hexdigest()) == 0


def test_a_run_started_by_hand_with_an_invented_hash_is_told_the_right_one(s3, data: str):
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    assert run(data, file_hash="test-hash") == 1
    error = error_of(data)
    assert error.code == "HASH_MISMATCH"
    assert '"test-hash"' in error.message
    assert f"file_hash = {SHA256}" in (error.hint or "")
    assert list(runtime.storage(data).list(root_of(data))) == [root_of(data) + "/error.json"]


def test_a_refused_file_leaves_its_reason_and_nothing_else(s3, data: str):
    broken = (ROOT / "samples" / "quebrado.csv").read_bytes()
    s3.put_object(Bucket="ingress", Key=KEY, Body=broken)
    assert run(data, file_hash=hashlib.sha256(broken).hexdigest()) == 1
    error = error_of(data)
    assert error.code == "WRONG_DELIMITER"
    assert '";"' in (error.hint or "")
    assert list(runtime.storage(data).list(root_of(data))) == [root_of(data) + "/error.json"]


@pytest.mark.parametrize(
    ("more", "code"),
    [({"object_key": "gone.csv"}, "STAGE_INPUT"), ({"profile": "banco-x"}, "PROFILE")],
)
def test_a_missing_object_or_profile_is_explained(s3, data: str, more: dict[str, str], code: str):
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    assert run(data, **more) == 1
    assert error_of(data).code == code


def test_a_second_attempt_takes_over_the_result_without_reading_the_file(s3, data: str):
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    assert run(data) == 0
    s3.delete_object(Bucket="ingress", Key=KEY)
    assert run(data, "JOB-1-R1") == 0
    again = manifest_of(data, "JOB-1-R1")
    assert again.reused_from == "JOB-1"
    assert again.content_hash == manifest_of(data).content_hash


def test_force_or_another_profile_reads_the_file_again(s3, data: str, tmp_path: Path):
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    edited = tmp_path / "profiles"
    edited.mkdir()
    text = (ROOT / "profiles" / "default.toml").read_text()
    (edited / "default.toml").write_text(text.replace("days = [0, 2]", "days = [0, 3]"))
    assert run(data) == 0
    assert run(data, "JOB-1-R1", force="true") == 0
    assert run(data, "JOB-1-R2", profiles_path=str(edited)) == 0
    assert manifest_of(data, "JOB-1-R1").reused_from is None
    assert manifest_of(data, "JOB-1-R2").reused_from is None
    assert manifest_of(data, "JOB-1-R1").content_hash == manifest_of(data).content_hash
    assert manifest_of(data, "JOB-1-R2").content_hash != manifest_of(data).content_hash


def test_a_run_that_another_overtakes_ends_with_the_others_result(
    s3, data: str, monkeypatch: pytest.MonkeyPatch
):
    """The other ends while this one is reading: after it found nothing to reuse, before it commits."""
    s3.put_object(Bucket="ingress", Key=KEY, Body=SAMPLE)
    validate = acceptance.validate

    def overtaken(*arguments, **options):
        monkeypatch.setattr("jobs.validation.stage.validate", validate)
        assert run(data) == 0
        return validate(*arguments, **options)

    monkeypatch.setattr("jobs.validation.stage.validate", overtaken)
    assert run(data) == 0
    written = list(runtime.storage(data).list(root_of(data)))
    manifest = manifest_of(data)
    assert len([uri for uri in written if uri.endswith("manifest.json")]) == 1
    assert len([uri for uri in written if uri.endswith("entries.parquet")]) == 2
    assert all(f"{root_of(data)}/{file.path}" in written for file in manifest.files.values())


def test_the_script_starts_as_a_process_and_tells_what_it_lacks():
    done = subprocess.run(
        [sys.executable, "-m", "jobs.validation", "--job_id", "JOB-1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "--bucket_name" in done.stdout
    assert done.stderr == ""
