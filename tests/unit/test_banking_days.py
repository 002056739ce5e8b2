"""The banking calendar: ANBIMA's holidays, and what a difference of numbers means."""

from __future__ import annotations

from datetime import date

import pytest

from jobs.reconciliation.days import banking_days


@pytest.mark.parametrize(
    ("first", "last", "apart"),
    [
        ("2026-02-13", "2026-02-18", 1),  # Carnival's Monday and Tuesday
        ("2026-04-02", "2026-04-06", 1),  # Good Friday
        ("2026-06-03", "2026-06-05", 1),  # Corpus Christi
        ("2023-11-17", "2023-11-20", 1),  # Black Awareness Day is a holiday
        ("2024-11-19", "2024-11-21", 1),  # since 2024
        ("2026-12-23", "2026-12-24", 1),  # the exchange is closed, banks are open
        ("2026-12-30", "2027-01-04", 2),  # the 31st counts, New Year does not
        ("2026-03-06", "2026-03-07", 0),  # a Saturday belongs to the Friday before it
        ("2026-03-07", "2026-03-09", 1),
    ],
)
def test_days_are_apart_by_the_banking_days_after_the_first(
    first: str, last: str, apart: int
) -> None:
    one, other = banking_days([date.fromisoformat(first), date.fromisoformat(last)])
    assert other - one == apart
