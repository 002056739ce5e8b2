"""Once a day what became of the runs, so that silence itself is noticed: a day without it is a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.timeout_handler.status_change import BAD_ENDS
from shared.alert import Digest, FileOverdue
from shared.upload_key import TIME_ZONE

PERIOD = timedelta(days=1)


@dataclass(frozen=True)
class DayRun:
    """verdict: of a run that succeeded; `?` where its result could not be read."""

    status: str
    verdict: str = "?"


def is_due(at: time | None, now: datetime) -> bool:
    """at: on the clock of São Paulo; None: no digest."""
    return at is not None and now.astimezone(TIME_ZONE).time() >= at


def digest(runs: Sequence[DayRun], missing: Sequence[FileOverdue], now: datetime) -> Digest:
    return Digest(
        day=now.astimezone(TIME_ZONE).date(),
        until=now,
        verdicts=dict(Counter(run.verdict for run in runs if run.status == "SUCCEEDED")),
        failures=dict(Counter(run.status for run in runs if run.status in BAD_ENDS)),
        running=sum(run.status == "RUNNING" for run in runs),
        overdue=tuple(each.profile for each in missing),
    )
