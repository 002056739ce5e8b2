"""Where everything lies. Only here are keys built; the state machine's are tested against it."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime
from enum import StrEnum


class Stage(StrEnum):
    VALIDATION = "validation"
    RECONCILIATION = "reconciliation"
    QUICKSIGHT_PREP = "quicksight-prep"


STAGE_OF_STATE = {
    "ValidateCSV": Stage.VALIDATION,
    "ReconcileData": Stage.RECONCILIATION,
    "PrepareQuickSight": Stage.QUICKSIGHT_PREP,
}
MANIFEST = "manifest.json"
STAGE_ERROR = "error.json"
RUNS = "runs/"
RECEIPTS = "intake/receipts/"
INTAKE_ALERTS = "intake/alerts/"
PROFILES = "profiles/"
REFERENCE = "reference/"
CODE = "code/"
ATHENA = "athena/"  # results of queries
STAGING = "staging/"  # what the workers of a Spark run pass to each other
_PUT_AT = "%Y%m%dT%H%M%SZ"


# Data bucket: runs


def run_prefix(job_id: str, execution: str) -> str:
    return f"{RUNS}{job_id}/{execution}/"


def stage_prefix(job_id: str, execution: str, stage: Stage) -> str:
    return f"{run_prefix(job_id, execution)}{stage}/"


def manifest_key(job_id: str, execution: str, stage: Stage) -> str:
    return stage_prefix(job_id, execution, stage) + MANIFEST


def stage_error_key(job_id: str, execution: str, stage: Stage) -> str:
    return stage_prefix(job_id, execution, stage) + STAGE_ERROR


def run_alert_marker_key(job_id: str, execution: str, kind: str, redrive_count: int) -> str:
    return f"{run_prefix(job_id, execution)}alerts/{kind}-{redrive_count}.json"


def run_alert_attempt_key(job_id: str, execution: str, kind: str, redrive_count: int) -> str:
    """Left before it is published, so that a death in between is known to be one."""
    return f"{run_prefix(job_id, execution)}alerts/{kind}-{redrive_count}.attempt.json"


# Data bucket: intake


def source_hash(bucket: str, key: str) -> str:
    """Names an object of any key, however odd: 64 hex digits."""
    return hashlib.sha256(f"{bucket}\n{key}".encode()).hexdigest()


def receipts_prefix(bucket: str, key: str) -> str:
    return f"{RECEIPTS}{source_hash(bucket, key)}/"


def receipt_key(bucket: str, key: str, version: str) -> str:
    return f"{receipts_prefix(bucket, key)}{_segment(version)}.json"


def intake_alert_marker_key(bucket: str, key: str, version: str, kind: str) -> str:
    """Beside the receipts, not among them, so that listing receipts finds receipts only."""
    return f"{INTAKE_ALERTS}{source_hash(bucket, key)}/{_segment(version)}-{kind}.json"


def receipt_of_marker(key: str) -> str | None:
    """The receipt of the upload that such a marker is of; None where it is a marker of the day."""
    found = re.fullmatch(
        INTAKE_ALERTS + r"([0-9a-f]{64})/(.+)-upload_(?:refused|duplicate)\.json", key
    )
    return f"{RECEIPTS}{found[1]}/{found[2]}.json" if found else None


def arrival_key(profile: str, day: date) -> str:
    """There where an upload of that profile was taken in on that day (São Paulo)."""
    return f"intake/arrivals/{profile}/{day:%Y-%m-%d}.json"


def daily_alert_marker_key(kind: str, subject: str, day: date) -> str:
    return f"{INTAKE_ALERTS}daily/{kind}/{subject}/{day:%Y-%m-%d}.json"


TICK_CURSOR = "intake/tick.json"  # where in the ingress bucket the next tick goes on


def claims_prefix(profile: str, file_hash: str) -> str:
    return f"intake/claims/{profile}/{file_hash}/"


def claim_key(profile: str, file_hash: str, number: int) -> str:
    return f"{claims_prefix(profile, file_hash)}{number:03d}.json"


# Data bucket: published things


def profile_key(profile: str) -> str:
    return f"{PROFILES}{profile}.toml"


def reference_prefix(profile: str) -> str:
    return f"{REFERENCE}{profile}/"


def reference_key(profile: str, put_at: datetime, sha256: str) -> str:
    """Names sort by time: the newest is the one that counts."""
    return f"{reference_prefix(profile)}{put_at.astimezone(UTC):{_PUT_AT}}-{sha256[:16]}.csv"


def reference_put_at(name: str) -> datetime | None:
    """When a reference of this name was put; None where no reference is so named."""
    if not re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{16}\.csv", name):
        return None
    try:
        return datetime.strptime(name[:16], _PUT_AT).replace(tzinfo=UTC)
    except ValueError:
        return None


def curated_key(table: str, day: date, profile: str, bucket: str, key: str) -> str:
    """One object a table, day and source object: a corrected file replaces its predecessor."""
    return f"curated/{table}/day={day:%Y-%m-%d}/{profile}-{source_hash(bucket, key)}.parquet"


CURATED_CHANGED = "curated/changed.json"  # put after any curated table: what counts is its time
REFRESHES = "curated/refreshes.json"  # the refreshes of the data sets, and how they ended


def job_script_key(stage: Stage) -> str:
    return f"{CODE}jobs/{stage.replace('-', '_')}/__main__.py"


JOBS_ARCHIVE_KEY = f"{CODE}jobs.zip"


# Checkpoints bucket


def checkpoint_key(job_id: str) -> str:
    return f"{job_id}/checkpoint.json"


def _segment(text: str) -> str:
    """S3 version ids are [A-Za-z0-9._-]; what else claims to be one may not leave its folder."""
    return (
        text
        if re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text)
        else hashlib.sha256(text.encode()).hexdigest()
    )
