"""A dashboard is refreshed after a change, within its daily limit, and whoever looks at it hears where that fails."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.timeout_handler.refresh import LONGEST, PERIOD, SOONEST, Ingestion, Refreshes, follow
from services.timeout_handler.runs import Outcome
from shared.alert import AlertRequest, RefreshFailed

NOON = datetime(2026, 2, 16, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DONE = Ingestion(status="DONE")


@dataclass
class World:
    """QuickSight, and what a tick leaves to the next one. ends: what an ingestion comes to when it is looked at."""

    a_day: int = 24
    names: list[str] = field(default_factory=lambda: ["execucoes", "divergencias"])
    changed: datetime | None = None
    ends: dict[str, Ingestion] = field(default_factory=dict)
    refused: dict[str, Ingestion] = field(default_factory=dict)
    started: list[tuple[datetime, str, str]] = field(default_factory=list)
    told: list[AlertRequest] = field(default_factory=list)
    kept: str = "{}"
    now: datetime = NOON

    @property
    def refreshes_a_day(self) -> int:
        return self.a_day

    def changed_at(self) -> datetime | None:
        return self.changed

    def load(self) -> Refreshes:
        return Refreshes.from_json(self.kept)

    def save(self, refreshes: Refreshes) -> None:
        self.kept = refreshes.to_json()

    def start(self, name: str, ingestion_id: str) -> Ingestion:
        self.started.append((self.now, name, ingestion_id))
        return self.refused.get(name, Ingestion(status="LIVE"))

    def look(self, name: str, ingestion_id: str) -> Ingestion:
        assert any(each[1:] == (name, ingestion_id) for each in self.started)
        return self.ends.get(name, DONE)

    def was_told(self, day: date) -> bool:
        return any(isinstance(each, RefreshFailed) and each.day == day for each in self.told)

    def tick(self, after: timedelta = MINUTE) -> list[str]:
        self.now += after
        return [outcome.outcome for outcome in follow(self, self.told.append, self.now)]

    def change(self) -> None:
        self.changed = self.now

    def rounds(self) -> list[datetime]:
        return sorted({at for at, _, _ in self.started})


def failing(reason: str = "PERMISSION_DENIED", **other: Any) -> World:
    failed = Ingestion(status="FAILED", reason=reason)
    return World(changed=NOON, ends={"divergencias": failed}, **other)


def test_nothing_is_refreshed_before_anything_was_ever_curated() -> None:
    world = World()
    assert world.tick() == []
    assert not world.started


def test_after_a_change_all_data_sets_are_refreshed_under_one_id_and_once() -> None:
    world = World(changed=NOON)
    assert world.tick() == []  # started, not over
    assert world.started == [(world.now, name, "recon-20260216T1501Z") for name in world.names]
    assert world.tick() == ["refreshed"]
    for _ in range(60):
        assert world.tick() == []
    assert len(world.started) == 2
    assert not world.told


def test_one_that_still_goes_on_is_followed_and_no_other_started_beside_it() -> None:
    world = World(changed=NOON, ends={"divergencias": Ingestion(status="LIVE")})
    world.tick()
    for _ in range(40):
        world.change()
        assert world.tick() == []
    assert len(world.rounds()) == 1
    world.ends = {}
    assert world.tick() == ["refreshed"]
    world.tick()
    assert len(world.rounds()) == 2  # with what came meanwhile


def test_a_change_while_it_goes_on_is_taken_in_by_the_next_one_and_not_sooner_than_a_pause() -> (
    None
):
    world = World(changed=NOON)
    world.tick()
    world.change()
    for _ in range(40):
        world.tick()
    first, second = world.rounds()
    assert second - first == SOONEST
    assert world.load().complete_at == second


def test_a_change_in_the_very_second_of_a_refresh_is_not_taken_for_one_that_is_in_it() -> None:
    world = World(changed=NOON)
    world.tick()
    world.changed = world.now - timedelta(seconds=1)  # S3 knows whole seconds
    for _ in range(20):
        world.tick()
    assert len(world.rounds()) == 2


def test_many_files_at_once_are_one_refresh_and_a_late_one() -> None:
    world = World(changed=NOON)
    for _ in range(10):
        world.change()
        world.tick()
    for _ in range(60):
        world.tick()
    assert len(world.rounds()) == 2


@pytest.mark.parametrize("a_day", [2, 24, 32])
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_no_day_has_more_refreshes_than_are_allowed_and_no_change_is_forgotten(
    a_day: int, share: float
) -> None:
    chance = random.Random(a_day)
    world = World(a_day=a_day)
    not_shown: list[datetime] = []
    waited = timedelta()
    for _ in range(3 * 24 * 60):
        world.tick()
        if chance.random() < share:
            world.change()
            not_shown.append(world.now)
        complete = world.load().complete_at or NOON
        not_shown = [at for at in not_shown if at >= complete]
        waited = max(waited, world.now - min(not_shown, default=world.now))
    rounds = world.rounds()
    for first in rounds:
        assert sum(first <= each < first + PERIOD for each in rounds) <= a_day
    longest = PERIOD / (a_day - a_day // 3)
    assert waited <= longest + 3 * MINUTE
    if share == 1.0:
        assert len(rounds) >= 3 * a_day * 0.6
    settled = world.now
    while world.now - settled < longest + SOONEST:
        world.tick()
    complete = world.load().complete_at
    assert complete and world.changed and complete > world.changed


def test_a_limit_that_was_lowered_counts_what_there_was_before() -> None:
    world = World(a_day=32)
    for _ in range(10):
        world.change()
        world.tick(SOONEST)
        world.tick()
    before = len(world.rounds())
    assert before > 8
    world.a_day = 8
    while world.now - world.rounds()[0] < PERIOD:
        world.change()
        world.tick()
    assert len(world.rounds()) == before


def test_a_refresh_that_failed_is_a_warning_with_the_reason_of_each_data_set() -> None:
    world = failing()
    world.tick()
    assert world.tick() == ["refresh_failed"]
    assert world.told == [
        RefreshFailed(
            day=date(2026, 2, 16),
            ingestion_id="recon-20260216T1501Z",
            started_at=NOON + MINUTE,
            reasons={"divergencias": "PERMISSION_DENIED"},
        )
    ]


def test_it_is_tried_again_and_told_once_a_day() -> None:
    world = failing()
    for _ in range(25 * 60):
        world.tick()
    assert [each.day.day for each in world.told if isinstance(each, RefreshFailed)] == [16, 17]
    assert 14 <= len(world.rounds()) <= 17  # every 90 minutes, though nothing changed
    world.ends = {}
    for _ in range(3 * 60):
        world.tick()
    assert world.load().complete_at == world.rounds()[-1]
    assert len(world.told) == 2


def test_what_quicksight_does_not_even_start_is_told_at_once() -> None:
    world = World(changed=NOON)
    world.refused = {
        name: Ingestion(status="FAILED", reason="AccessDeniedException") for name in world.names
    }
    assert world.tick() == ["refresh_failed"]
    (alert,) = world.told
    assert isinstance(alert, RefreshFailed)
    assert alert.reasons == dict.fromkeys(world.names, "AccessDeniedException")


def test_one_that_never_ends_is_given_up_and_told() -> None:
    world = World(changed=NOON, ends={"execucoes": Ingestion(status="LIVE")})
    world.tick()
    assert world.tick(LONGEST) == []
    assert world.tick() == ["refresh_failed"]
    (alert,) = world.told
    assert isinstance(alert, RefreshFailed)
    assert alert.reasons == {"execucoes": "NOT_OVER"}


def test_one_that_somebody_cancelled_is_nobodys_news_and_is_made_up_for() -> None:
    world = World(changed=NOON, ends={"execucoes": Ingestion(status="CANCELLED")})
    world.tick()
    assert world.tick() == ["refreshed"]
    assert not world.told
    world.ends = {}
    for _ in range(20):
        world.tick()
    assert world.load().complete_at == world.rounds()[1]


def test_a_tick_that_dies_after_telling_does_not_tell_again() -> None:
    world = failing()
    world.tick()
    before = world.kept
    world.tick()
    world.kept = before  # not saved
    assert world.tick() == ["refresh_failed"]
    assert len(world.told) == 1


@dataclass
class Mortal(World):
    """Its ticks die at one call, each time. dies_at: `start`, `tell`, or the save that comes after `start`."""

    dies_at: str = ""

    def start(self, name: str, ingestion_id: str) -> Ingestion:
        self.started.append((self.now, name, ingestion_id))
        if self.dies_at == "start":
            raise TimeoutError
        return self.refused.get(name, Ingestion(status="LIVE"))

    def save(self, refreshes: Refreshes) -> None:
        if self.dies_at == "save" and self.started:
            raise TimeoutError
        super().save(refreshes)

    def look(self, name: str, ingestion_id: str) -> Ingestion:
        return self.ends.get(name, Ingestion(status="LIVE"))

    def tick(self, after: timedelta = MINUTE) -> list[str]:
        def tell(request: AlertRequest) -> None:
            if self.dies_at == "tell":
                raise TimeoutError
            self.told.append(request)

        self.now += after
        try:
            return [outcome.outcome for outcome in follow(self, tell, self.now)]
        except TimeoutError:
            return ["died"]


@pytest.mark.parametrize("dies_at", ["start", "tell", "save"])
def test_ticks_that_die_start_no_more_than_a_pause_allows(dies_at: str) -> None:
    refused = {name: Ingestion(status="FAILED", reason="X") for name in World().names}
    world = Mortal(changed=NOON, refused=refused, dies_at=dies_at)
    ticks = [world.tick() for _ in range(14)]  # within SOONEST
    assert ["died"] in ticks
    assert len(world.rounds()) == 1


def test_what_is_kept_is_of_the_last_day_only() -> None:
    world = World()
    for _ in range(48 * 4):
        world.change()
        world.tick(timedelta(minutes=15))
        world.tick()
    recent = world.load().recent
    assert recent
    assert all(world.now - each.started_at <= PERIOD for each in recent[:-1])
    assert len(recent) <= world.a_day


def test_an_outcome_is_a_metric_by_its_name() -> None:
    assert Outcome("refresh_failed").outcome.title().replace("_", "") == "RefreshFailed"
