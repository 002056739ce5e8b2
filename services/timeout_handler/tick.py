"""Now and then, without any event: what did events miss?

Each check is a pure (snapshot, now) → findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol

from pydantic import BaseModel

from services.timeout_handler import digest, still_running, success
from services.timeout_handler.digest import DayRun
from services.timeout_handler.expected import Expectation, missing
from services.timeout_handler.runs import Outcome, Runs
from services.timeout_handler.status_change import settle
from shared.intake import Upload
from shared.upload_key import TIME_ZONE

LOOK_BACK = timedelta(hours=6)
# The failure path and the status-change event have their turn first.
SETTLING = timedelta(minutes=2)
# An upload has its receipt within seconds; ten minutes are a full queue, or an event that never came.
OVERDUE = timedelta(minutes=10)
# What is sent again in one tick. The rest is still there at the next.
MOST_RESENT = 200


class Tick(BaseModel):
    source: Literal["recon.tick"]


@dataclass(frozen=True)
class EndedRun:
    arn: str
    stopped_at: datetime
    told: bool


@dataclass(frozen=True)
class RunningRun:
    """began_at: when its clock began, at its redrive if there was one; warned: of being late."""

    arn: str
    began_at: datetime
    warned: bool


@dataclass(frozen=True)
class StoredUpload:
    """taken: it has a receipt, or was sent again before. Once is enough, the queue does the rest."""

    upload: Upload
    stored_at: datetime
    taken: bool


@dataclass(frozen=True)
class Snapshot:
    """ended_badly and succeeded: by status; expected: by profile."""

    ended_badly: Sequence[EndedRun]
    succeeded: Sequence[EndedRun]
    running: Sequence[RunningRun]
    uploads: Sequence[StoredUpload]
    expected: Mapping[str, Expectation]


class World(Runs, Protocol):
    @property
    def limit(self) -> timedelta:
        """What a run may take."""
        ...

    @property
    def digest_at(self) -> time | None: ...

    def snapshot(self, since: datetime) -> Snapshot:
        """Executions that run or ended since then, and versions of uploads that were stored since then."""
        ...

    def digest_was_told(self, day: date) -> bool: ...

    def runs_of_the_day(self, since: datetime) -> Sequence[DayRun]:
        """Executions that run or ended since then."""
        ...

    def resend(self, upload: StoredUpload) -> None:
        """Gives the trigger the event that it did not get, and marks the upload as sent again."""
        ...


def search(world: World, now: datetime) -> list[Outcome]:
    snapshot = world.snapshot(now - LOOK_BACK)
    outcomes = [
        still_running.warn(run.arn, run.began_at, world.limit, world, now)
        for run in late_runs(snapshot, world.limit, now)
    ]
    outcomes += [settle(run.arn, world) for run in untold(snapshot.ended_badly, now)]
    outcomes += [success.settle(run.arn, world) for run in untold(snapshot.succeeded, now)]
    for upload in missed_uploads(snapshot, now):
        world.resend(upload)
        outcomes.append(Outcome("upload_resent", object_key=upload.upload.key))
    absent = missing(snapshot.expected, now)
    for alert in absent:
        if not snapshot.expected[alert.profile].told:
            world.tell(alert)
            outcomes.append(Outcome("file_overdue", profile=alert.profile))
    today = now.astimezone(TIME_ZONE).date()
    if digest.is_due(world.digest_at, now) and not world.digest_was_told(today):
        world.tell(digest.digest(world.runs_of_the_day(now - digest.PERIOD), absent, now))
        outcomes.append(Outcome("digest"))
    return outcomes


def late_runs(snapshot: Snapshot, limit: timedelta, now: datetime) -> list[RunningRun]:
    latest = now - still_running.late_after(limit)
    return [run for run in snapshot.running if not run.warned and run.began_at <= latest]


def untold(runs: Sequence[EndedRun], now: datetime) -> list[EndedRun]:
    return [run for run in runs if not run.told and run.stopped_at <= now - SETTLING]


def missed_uploads(snapshot: Snapshot, now: datetime) -> list[StoredUpload]:
    """Oldest first."""
    missed = [
        upload
        for upload in snapshot.uploads
        if not upload.taken and upload.stored_at <= now - OVERDUE
    ]
    return sorted(missed, key=lambda each: each.stored_at)[:MOST_RESENT]
