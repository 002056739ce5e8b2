"""Where a run's rows enter what QuickSight reads: one object a table, day and source file, replaced as a whole.

A corrected file under the same key so takes its predecessor's place, and neither counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from jobs.runtime import hash_stream, join, storage
from shared.errors import UploadKeyError
from shared.identity import day_of
from shared.layout import CURATED_CHANGED, curated_key
from shared.upload_key import parse_upload_key

# The first has a row of every run, and so says whose all five are.
CURATED_TABLES = ("qs_runs", "qs_daily", "qs_breaks", "qs_aging", "qs_passes")


def superseded(source: str, version: str, file_hash: str) -> bool:
    """Whether the key meanwhile holds other bytes: then their own run's rows count, not ours.

    A newer version of the same bytes is a duplicate, which has no run: ours still count.
    """
    newest = storage(source).newest_version(source)
    if newest is None or newest == version:
        return False
    with storage(source).open(source, newest) as body:
        return hash_stream(body) != file_hash


def publish_curated(
    data_path: str, tables: Mapping[str, Path], day: date, profile: str, bucket: str, key: str
) -> None:
    for name in CURATED_TABLES:
        target = join(data_path, curated_key(name, day, profile, bucket, key))
        storage(target).put_file(target, tables[name])
    # Last: a refresh that began before it may have seen only some of them.
    changed = join(data_path, CURATED_CHANGED)
    storage(changed).put(changed, b"{}")


def business_day(job_id: str, key: str, as_of: date) -> date:
    """As the job's id says it, else the key's date folder, else the day that the run counts from."""
    if named := day_of(job_id):
        return named
    try:
        return parse_upload_key(key).day or as_of
    except UploadKeyError:  # a run started by hand may read any key
        return as_of
