"""The dashboard's data sets: refreshed after a change, within what QuickSight allows a day, and followed to their end.

A run only leaves word that the curated tables changed. What fails here is a warning of its own, and no run's failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from services.timeout_handler.runs import Outcome
from shared.alert import AlertRequest, RefreshFailed
from shared.contract import Contract, Instant
from shared.upload_key import TIME_ZONE

PERIOD = timedelta(days=1)  # in which QuickSight counts
SOONEST = timedelta(minutes=15)
# Athena stops a query after 30 minutes, and what it found has to be taken in.
LONGEST = timedelta(hours=3)
# The change has S3's time, the refresh ours: what is about as old as the refresh may not be in it.
SKEW = timedelta(seconds=10)


class Ingestion(Contract):
    """Of one data set. reason: QuickSight's own code, where it failed."""

    status: Literal["LIVE", "DONE", "FAILED", "CANCELLED"]
    reason: str | None = None


class Refresh(Contract):
    """Of all data sets at once, under one id. ingestions: by data set."""

    ingestion_id: str
    started_at: Instant
    ingestions: dict[str, Ingestion]

    def those(self, status: str) -> dict[str, Ingestion]:
        return {name: each for name, each in self.ingestions.items() if each.status == status}


class Refreshes(Contract):
    """What is kept from tick to tick. complete_at: when the last refresh began that took in every data set."""

    schema_version: Literal[1] = 1
    complete_at: Instant | None = None
    recent: tuple[Refresh, ...] = ()

    @property
    def last(self) -> Refresh | None:
        return self.recent[-1] if self.recent else None


class DataSets(Protocol):
    @property
    def names(self) -> list[str]: ...

    @property
    def refreshes_a_day(self) -> int: ...

    def changed_at(self) -> datetime | None:
        """When a curated table was last written or removed."""
        ...

    def load(self) -> Refreshes: ...

    def save(self, refreshes: Refreshes) -> None: ...

    def start(self, name: str, ingestion_id: str) -> Ingestion: ...

    def look(self, name: str, ingestion_id: str) -> Ingestion: ...

    def was_told(self, day: date) -> bool:
        """Whether people heard on that day of a refresh that failed."""
        ...


def follow(
    data_sets: DataSets, tell: Callable[[AlertRequest], None], now: datetime
) -> list[Outcome]:
    """One step: looks at the refresh that is under way, else starts the one that is due."""
    changed_at = data_sets.changed_at()
    if changed_at is None:
        return []
    before = data_sets.load()
    last = before.last
    if last and last.those("LIVE"):
        refresh = looked_at(last, data_sets.look, now)
        earlier = before.recent[:-1]
    elif is_due(before, changed_at, data_sets.refreshes_a_day, now):
        refresh = Refresh(
            ingestion_id=f"recon-{now:%Y%m%dT%H%MZ}",  # two ticks of one minute start it once
            started_at=now,
            ingestions=dict.fromkeys(data_sets.names, Ingestion(status="LIVE")),
        )
        earlier = before.recent
        # First of all: what is not on record is not counted, and the next tick would start one more.
        before = kept(before, (*earlier, refresh), now)
        data_sets.save(before)
        refresh = looked_at(refresh, data_sets.start, now)
    else:
        return []
    after = kept(before, (*earlier, refresh), now)
    if after != before:
        data_sets.save(after)
    if refresh.those("LIVE"):
        return []
    return [Outcome(_end(refresh, data_sets, tell, now))]


def _end(
    refresh: Refresh, data_sets: DataSets, tell: Callable[[AlertRequest], None], now: datetime
) -> Literal["refreshed", "refresh_failed"]:
    """Told once a day: what is wrong at nine is seldom right at ten, and is tried again in any case."""
    failed = refresh.those("FAILED")
    if not failed:
        return "refreshed"
    today = now.astimezone(TIME_ZONE).date()
    if not data_sets.was_told(today):
        reasons = {name: each.reason or "UNKNOWN" for name, each in failed.items()}
        tell(
            RefreshFailed(
                day=today,
                ingestion_id=refresh.ingestion_id,
                started_at=refresh.started_at,
                reasons=reasons,
            )
        )
    return "refresh_failed"


def looked_at(refresh: Refresh, ask: Callable[[str, str], Ingestion], now: datetime) -> Refresh:
    live: Mapping[str, Ingestion] = {
        name: ask(name, refresh.ingestion_id) for name in refresh.those("LIVE")
    }
    if now - refresh.started_at > LONGEST:
        never = Ingestion(status="FAILED", reason="NOT_OVER")
        live = {name: never if each.status == "LIVE" else each for name, each in live.items()}
    return refresh.model_copy(update={"ingestions": {**refresh.ingestions, **live}})


def is_due(refreshes: Refreshes, changed_at: datetime, a_day: int, now: datetime) -> bool:
    """A third of the day's refreshes are there for the moment, 15 minutes apart; the others are spread over the day, so
    that a morning of many files does not leave the afternoon without any. So is a second try."""
    if refreshes.complete_at and refreshes.complete_at > changed_at + SKEW:
        return False
    recent = [each for each in refreshes.recent if each.started_at > now - PERIOD]
    if not recent:
        return True
    at_once = a_day // 3
    hurried = len(recent) < at_once and not recent[-1].those("FAILED")
    pause = SOONEST if hurried else PERIOD / (a_day - at_once)
    return len(recent) < a_day and now - recent[-1].started_at >= pause


def kept(before: Refreshes, refreshes: tuple[Refresh, ...], now: datetime) -> Refreshes:
    last = refreshes[-1]
    complete = len(last.those("DONE")) == len(last.ingestions)
    return Refreshes(
        complete_at=last.started_at if complete else before.complete_at,
        recent=tuple(each for each in refreshes if each is last or each.started_at > now - PERIOD),
    )
