"""How a job is named: by day, profile and bytes, so that an upload always has the same name."""

from __future__ import annotations

from datetime import date


def job_id(profile: str, day: date, file_hash: str) -> str:
    """`JOB-<yyyymmdd>-<profile>-<first 16 hex of the file's SHA-256>`, at most 54 characters."""
    return f"JOB-{day:%Y%m%d}-{profile}-{file_hash[:16]}"
