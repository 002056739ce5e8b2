"""What the tick finds by the clock: files that did not come, and the day's digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from jobs.profile import Expect as Declared
from jobs.reconciliation.days import banking_days
from services.timeout_handler.digest import PERIOD, DayRun, digest, is_due
from services.timeout_handler.expected import Expect, Expectation, is_banking_day, missing
from services.timeout_handler.runs import Outcome
from services.timeout_handler.tick import search
from shared.alert import Digest, FileOverdue
from shared.taxonomy import Verdict
from shared.upload_key import TIME_ZONE
from tests.unit.test_timeout_handler import NOTHING, World

MONDAY = date(2026, 2, 23)
CARNIVAL = date(2026, 2, 16)
NINE = Expect(by=time(9))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TIME_ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "days", "arrived", "absent"),
    [
        (at(MONDAY, 8, 59), "br-bank", False, False),
        (at(MONDAY, 9), "br-bank", False, True),
        (at(MONDAY, 23, 59), "br-bank", False, True),
        (at(MONDAY, 9), "br-bank", True, False),
        (at(CARNIVAL, 9), "br-bank", False, False),
        (at(CARNIVAL, 9), "civil", False, True),
        (at(MONDAY - timedelta(1), 9), "br-bank", False, False),
    ],
)
def test_a_file_is_missing_from_its_hour_on_on_its_days(
    now: datetime, days: str, arrived: bool, absent: bool
) -> None:
    expected = {"inter": Expectation(Expect.model_validate({"by": "09:00", "days": days}), arrived)}
    local = now.astimezone(TIME_ZONE).date()
    assert missing(expected, now) == [FileOverdue(profile="inter", day=local, by="09:00")] * absent


def test_a_file_that_did_not_come_is_told_once_a_day_and_profile() -> None:
    world = World(seen=replace(NOTHING, expected={"itau": Expectation(NINE)}))
    assert search(world, at(MONDAY, 9)) == [Outcome("file_overdue", profile="itau")]
    assert world.alerts == [FileOverdue(profile="itau", day=MONDAY, by="09:00")]
    world.seen = replace(NOTHING, expected={"itau": Expectation(NINE, told=True)})
    assert search(world, at(MONDAY, 9, 1)) == []


def test_banking_days_are_those_of_the_calendar_that_the_jobs_use() -> None:
    days = [date(2020, 1, 1) + timedelta(n) for n in range(80 * 365)]
    numbers = banking_days([days[0] - timedelta(1), *days])
    theirs = {day for day, before, n in zip(days, numbers, numbers[1:], strict=False) if n > before}
    assert {day for day in days if is_banking_day(day)} == theirs


@pytest.mark.parametrize("declared", [{"by": "09:00"}, {"by": "23:59", "days": "civil"}])
def test_what_a_profile_declares_is_read_here_as_it_is_meant(declared: dict[str, str]) -> None:
    meant = Declared.model_validate(declared)
    read = Expect.model_validate(declared)
    assert (f"{read.by:%H:%M}", read.days) == (meant.by, meant.days)


# The digest


@pytest.mark.parametrize(
    ("hour", "now", "due"),
    [
        (None, at(MONDAY, 23), False),
        (time(7, 30), at(MONDAY, 7, 29), False),
        (time(7, 30), at(MONDAY, 7, 30), True),
    ],
)
def test_a_digest_is_due_from_its_hour_on(hour: time | None, now: datetime, due: bool) -> None:
    assert is_due(hour, now) is due


def test_a_digest_counts_runs_by_how_they_ended_and_names_what_did_not_come() -> None:
    runs = [
        DayRun("SUCCEEDED", Verdict.AGREED),
        DayRun("SUCCEEDED", Verdict.AGREED),
        DayRun("SUCCEEDED"),
        DayRun("FAILED"),
        DayRun("TIMED_OUT"),
        DayRun("RUNNING"),
    ]
    now = at(MONDAY, 9)
    told = digest(runs, [FileOverdue(profile="itau", day=MONDAY, by="09:00")], now)
    assert told == Digest(
        day=MONDAY,
        until=now,
        verdicts={"conciliado": 2, "?": 1},
        failures={"FAILED": 1, "TIMED_OUT": 1},
        running=1,
        overdue=("itau",),
    )


def test_a_digest_comes_once_a_day_although_nothing_happened() -> None:
    world = World(digest_at=time(7))
    now = at(MONDAY, 8)
    assert search(world, now) == [Outcome("digest")]
    [alert] = world.alerts
    assert (alert.verdicts, alert.failures, alert.running, alert.overdue) == ({}, {}, 0, ())
    assert world.asked[1:] == [("digest told", MONDAY), ("runs", now - PERIOD)]
    world.told_kinds.add("digest")
    assert search(world, now + timedelta(minutes=1)) == []


def test_the_day_of_a_digest_is_that_of_sao_paulo() -> None:
    world = World(digest_at=time(7))
    search(world, at(MONDAY, 23).astimezone(UTC))
    assert ("digest told", MONDAY) in world.asked
