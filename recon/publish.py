"""Puts the jobs' code and the profiles into the data bucket, for the embedded AWS and for an account alike.

What somebody changed there by hand is theirs: each object says in its metadata what was published,
and one that says nothing, or something else than it holds, is left alone unless forced.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from recon.output import Output
from recon.packages import ROOT, jobs_archive
from shared.layout import JOBS_ARCHIVE_KEY, Stage, job_script_key, profile_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PUBLISHED = "published-sha256"


@dataclass
class Published:
    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # changed by hand, so not replaced


def publish(s3: S3Client, data_bucket: str, *, force: bool = False) -> Published:
    outcome = Published()
    for key, content in published_objects().items():
        _publish(s3, data_bucket, key, content, force, outcome)
    return outcome


def published_objects() -> dict[str, bytes]:
    profiles = {profile_key(p.stem): p.read_bytes() for p in (ROOT / "profiles").glob("*.toml")}
    scripts = {job_script_key(s): (ROOT / _script(s)).read_bytes() for s in Stage}
    return {JOBS_ARCHIVE_KEY: jobs_archive(), **scripts, **profiles}


def _script(stage: Stage) -> str:
    return f"jobs/{stage.replace('-', '_')}/__main__.py"


def _publish(
    s3: S3Client, bucket: str, key: str, content: bytes, force: bool, outcome: Published
) -> None:
    new = hashlib.sha256(content).hexdigest()
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        s3.put_object(
            Bucket=bucket, Key=key, Body=content, Metadata={PUBLISHED: new}, IfNoneMatch="*"
        )
        outcome.written.append(key)
        return
    there = hashlib.sha256(found["Body"].read()).hexdigest()
    if there == new:
        outcome.unchanged.append(key)
    elif there != found["Metadata"].get(PUBLISHED) and not force:
        outcome.kept.append(key)
    else:
        # IfMatch: somebody who saves a profile at this very moment is not overwritten unseen.
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content,
            Metadata={PUBLISHED: new},
            IfMatch=found["ETag"],
        )
        outcome.written.append(key)


def tell(published: Published, output: Output) -> int:
    for key in published.written:
        output.line(f"Publicado: {key}")
    for key in published.kept:
        output.line(f"Mantido, porque foi alterado à mão (--force substitui): {key}")
    output.line(f"Já estavam iguais: {len(published.unchanged)}")
    if output.as_json:
        output.document(asdict(published))
    return 0
