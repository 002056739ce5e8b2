"""The first job: an object of the ingress bucket in, typed entries and explained rejects out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jobs.profile import load_profile
from jobs.runtime import JobArguments, Produced, StageRun, storage
from jobs.validation.acceptance import validate
from jobs.validation.reference import find_reference
from shared.job_event import LATEST
from shared.manifest import Manifest


class ValidationArguments(JobArguments):
    """object_version: an S3 version id, or `latest`. reference_path: folder of the profile's references."""

    bucket_name: str
    object_key: str
    file_hash: str
    object_version: str = LATEST
    reference_path: str | None = None


def run_validation(arguments: ValidationArguments, run: StageRun, scratch: Path) -> Manifest:
    profile = load_profile(arguments.profiles_path, arguments.profile)
    reference = find_reference(arguments.reference_path, profile, datetime.now(UTC), scratch)
    inputs = {"file": arguments.file_hash, "profile": profile.sha256}
    if reference:
        inputs["reference"] = reference.sha256
    if done := run.reuse(inputs):
        return done
    uri = f"s3://{arguments.bucket_name}/{arguments.object_key}"
    version = None if arguments.object_version == LATEST else arguments.object_version
    with storage(uri).open(uri, version) as source:
        result = validate(source, profile, scratch, arguments.file_hash, reference)
    rows = result.figures.both
    files = {
        "entries": Produced(result.entries, rows.entries),
        "rejects": Produced(result.rejects, rows.rejected),
    }
    return run.publish(inputs, files, result.figures)
