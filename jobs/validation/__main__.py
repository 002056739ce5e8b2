"""The Glue job `reconciliation-validation`: an object of the ingress bucket through `validate`."""

from __future__ import annotations

import sys
from pathlib import Path

from jobs.profile import load_profile
from jobs.runtime import JobArguments, Produced, StageRun, run_stage, storage
from jobs.validation.acceptance import validate
from shared.job_event import LATEST
from shared.layout import Stage
from shared.manifest import Manifest


class ValidationArguments(JobArguments):
    """object_version: an S3 version id, or `latest`."""

    bucket_name: str
    object_key: str
    file_hash: str
    object_version: str = LATEST


def work(arguments: ValidationArguments, run: StageRun, scratch: Path) -> Manifest:
    profile = load_profile(arguments.profiles_path, arguments.profile)
    inputs = {"file": arguments.file_hash, "profile": profile.sha256}
    if reused := run.reuse(inputs):
        return reused
    uri = f"s3://{arguments.bucket_name}/{arguments.object_key}"
    version = None if arguments.object_version == LATEST else arguments.object_version
    with storage(uri).open(uri, version) as source:
        result = validate(source, profile, scratch, arguments.file_hash)
    figures = result.figures
    files = {
        "entries": Produced(result.entries, figures.entries),
        "rejects": Produced(result.rejects, figures.rejected),
    }
    return run.publish(inputs, files, figures)


if __name__ == "__main__":
    sys.exit(run_stage(Stage.VALIDATION, ValidationArguments, work, sys.argv[1:]))
