"""How a job is named: by day, profile and bytes, so that an upload always has the same name."""

from __future__ import annotations

import re
from datetime import date, datetime


def job_id(profile: str, day: date, file_hash: str) -> str:
    """`JOB-<yyyymmdd>-<profile>-<first 16 hex of the file's SHA-256>`, at most 54 characters."""
    return f"JOB-{day:%Y%m%d}-{profile}-{file_hash[:16]}"


def day_of(job_id: str) -> date | None:
    """The day that a job's name holds; None where somebody named it otherwise."""
    named = re.match(r"JOB-(\d{8})-", job_id, re.ASCII)
    try:
        return datetime.strptime(named[1], "%Y%m%d").date() if named else None  # noqa: DTZ007 - a calendar day
    except ValueError:
        return None
