"""What is published into the data bucket, and what is left alone there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from recon import publish as module
from recon.publish import publish

BUCKET = "data"
KEY = "profiles/default.toml"


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What would be published."""
    found = {KEY: b"first", "code/jobs.zip": b"archive"}
    monkeypatch.setattr(module, "published_objects", lambda: found)
    return found


@pytest.fixture
def s3(objects: dict[str, bytes]) -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def content(s3: Any) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    return body


def test_all_is_written_the_first_time_and_nothing_the_second(s3: Any) -> None:
    assert publish(s3, BUCKET).written == [KEY, "code/jobs.zip"]
    assert content(s3) == b"first"
    again = publish(s3, BUCKET)
    assert (again.written, again.unchanged) == ([], [KEY, "code/jobs.zip"])


def test_what_was_published_is_replaced_by_what_is_newer(
    s3: Any, objects: dict[str, bytes]
) -> None:
    publish(s3, BUCKET)
    objects[KEY] = b"second"
    assert publish(s3, BUCKET).written == [KEY]
    assert content(s3) == b"second"


@pytest.mark.parametrize(
    "metadata", [{}, {"published-sha256": "0" * 64}], ids=["put anew", "metadata copied"]
)
def test_what_somebody_changed_is_kept_unless_forced(
    s3: Any, objects: dict[str, bytes], metadata: dict[str, str]
) -> None:
    publish(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"an analyst's", Metadata=metadata)
    objects[KEY] = b"second"
    assert publish(s3, BUCKET).kept == [KEY]
    assert content(s3) == b"an analyst's"
    assert publish(s3, BUCKET, force=True).written == [KEY]
    assert content(s3) == b"second"


def test_the_jobs_archive_holds_code_that_can_be_imported_and_never_changes_by_itself() -> None:
    from recon.packages import jobs_archive

    archive = jobs_archive()
    assert archive == jobs_archive()
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert {"jobs/__init__.py", "jobs/runtime.py", "shared/layout.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
