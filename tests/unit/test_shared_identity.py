"""How a job is named, and what its name says."""

from __future__ import annotations

from datetime import date

import pytest

from shared.identity import day_of, job_id

DAY = date(2026, 2, 16)


def test_a_jobs_name_says_day_profile_and_the_first_of_the_hash() -> None:
    assert job_id("default", DAY, "0123456789abcdef" * 4) == "JOB-20260216-default-0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("JOB-20260216-default-0123456789abcdef", DAY),
        ("JOB-20260216-default-0123456789abcdef-R1", DAY),
        ("JOB-20260230-default-0123456789abcdef", None),  # no day of the calendar
        ("JOB-2026021-default", None),
        ("JOB-20260216", None),
        (
            "JOB-\u0662\u0660\u0662\u0666\u0660\u0662\u0661\u0666-default",
            None,
        ),  # digits, but not ours
        ("MY-JOB-20260216-default", None),
        ("TEST-001", None),
    ],
)
def test_a_name_has_a_day_only_where_it_is_built_as_ours(name: str, day: date | None) -> None:
    assert day_of(name) == day
