"""Which files should have come by now and did not: what a profile's `[expect]` declares, against what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from pydantic import BaseModel

from shared.alert import FileOverdue
from shared.upload_key import TIME_ZONE


class Expect(BaseModel):
    """jobs.profile.Expect, as far as it is read here."""

    by: time
    days: Literal["civil", "br-bank"] = "br-bank"


@dataclass(frozen=True)
class Expectation:
    """A profile's, and what is known of today: whether an upload of it was taken in, whether its absence was told."""

    expect: Expect
    arrived: bool = False
    told: bool = False


def missing(expected: Mapping[str, Expectation], now: datetime) -> list[FileOverdue]:
    local = now.astimezone(TIME_ZONE)
    return [
        FileOverdue(profile=profile, day=local.date(), by=f"{each.expect.by:%H:%M}")
        for profile, each in sorted(expected.items())
        if local.time() >= each.expect.by
        and not each.arrived
        and (each.expect.days == "civil" or is_banking_day(local.date()))
    ]


def is_banking_day(day: date) -> bool:
    """Banks' holidays by their rules, Brazil's national ones: no library of calendars in a cold start. A test
    compares them with the one that the jobs use."""
    # Since when 20 November is one: Lei 14.759/2023.
    fixed = _FIXED | ({(11, 20)} if day.year >= 2024 else set())
    moving = {_easter(day.year) + timedelta(days) for days in _FROM_EASTER}
    return day.weekday() < 5 and (day.month, day.day) not in fixed and day not in moving


_FIXED = {(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)}
_FROM_EASTER = (-48, -47, -2, 60)  # Carnival's Monday and Tuesday, Good Friday, Corpus Christi


def _easter(year: int) -> date:
    """Meeus, Jones and Butcher's rule for the Gregorian calendar."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    correction = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
