"""The days of a file, numbered and with their deadlines, so that no engine has to know a calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np

from jobs.profile import Calendar, Profile
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import everything, nothing, values

_DAYS = {"posted_on": "date", "banking_day": "int", "due_a": "date", "due_b": "date"}
_FIRST = date(1900, 1, 1)
# The exchange is closed on these, banks are open.
_OF_THE_EXCHANGE_ONLY = ((12, 24), (12, 29), (12, 30), (12, 31))


def name_days(engine: Engine, profile: Profile) -> None:
    """Names `days`: each day of the entries, its number among the banking days where a pass counts in them, and the
    first day on which what a row of each side waits for is late (none without grace: the other side's)."""
    rows = engine.fetch(everything("entries", "distinct posted_on"))
    days = sorted(row["posted_on"] for row in rows)
    if not days:
        engine.table("days", nothing(_DAYS))
        return
    grace = profile.grace
    dues = [_due(days, wait, grace.calendar) for wait in (grace.B, grace.A)]
    counts = any(step.calendar == "br-bank" for step in profile.passes)
    numbers = banking_days(days) if counts else [0] * len(days)
    named = values("given", tuple(_DAYS), zip(days, numbers, *dues, strict=True))
    columns = (f"cast({name} as {kind}) as {name}" for name, kind in _DAYS.items())
    engine.table("days", everything(f"({named}) as given", *columns))


def banking_days(days: Sequence[date]) -> list[int]:
    """How many banking days there were up to each day, itself included: D+1 of a Friday and of the Saturday after it is
    the same Monday."""
    after = [day + timedelta(1) for day in days]
    return [int(n) for n in np.busday_count(_FIRST, after, holidays=_holidays(days))]


def _due(days: Sequence[date], wait: int, calendar: Calendar) -> list[date | None]:
    if not wait:
        return [None] * len(days)
    if calendar == "civil":
        return [day + timedelta(wait) for day in days]
    late = days[-1] + timedelta(2 * wait + 14)  # beyond the last banking day that is asked for
    due = np.busday_offset(days, wait, roll="backward", holidays=_holidays([*days, late]))
    return [day.item() for day in due]


def _holidays(days: Sequence[date]) -> list[date]:
    """Of the banks, as ANBIMA publishes them: those of the exchange but its own last days of the year."""
    from holidays import financial_holidays  # slow to import, and seldom needed

    years: Iterable[int] = range(_FIRST.year, max(days).year + 1)
    return [
        day
        for day in financial_holidays("BVMF", years=years)
        if (day.month, day.day) not in _OF_THE_EXCHANGE_ONLY
    ]
