"""An execution as people follow it: which state was entered when, left when, and why its task failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

BAD_ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


@dataclass(frozen=True)
class Visit:
    """One stay in one state; `error` is its task's last one, also where a Catch took it."""

    state: str
    entered_at: datetime
    left_at: datetime | None = None
    error: str | None = None
    attempts: int = 0

    def seconds(self, now: datetime) -> float:
        return ((self.left_at or now) - self.entered_at).total_seconds()


@dataclass(frozen=True)
class Timeline:
    """status: as Step Functions says it; limit: the seconds the work may take; notes: state → what it produced."""

    name: str
    status: str
    started_at: datetime
    limit: int
    stopped_at: datetime | None = None
    visits: tuple[Visit, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    def elapsed_at(self, at: datetime) -> float:
        """Seconds; the clock stands still once the execution has stopped."""
        return (min(at, self.stopped_at or at) - self.started_at).total_seconds()

    def left_at(self, at: datetime) -> float:
        return max(0.0, self.limit - self.elapsed_at(at))


def visits(events: Iterable[Mapping[str, Any]]) -> tuple[Visit, ...]:
    """From GetExecutionHistory, oldest first. The machine has no parallel states, so one visit ends before the next."""
    stays: list[Visit] = []
    for event in events:
        kind, at = event["type"], event["timestamp"]
        # A caught error leaves no exit event everywhere: whatever comes next ends the visit.
        next_begins = kind.endswith("StateEntered") or kind.startswith("Execution")
        if next_begins and stays and stays[-1].left_at is None:
            error = kind if kind in BAD_ENDS else stays[-1].error
            stays[-1] = replace(stays[-1], left_at=at, error=error)
        if kind.endswith("StateEntered"):
            stays.append(Visit(event["stateEnteredEventDetails"]["name"], at))
        elif not stays:
            continue
        elif kind.endswith("StateExited"):
            stays[-1] = replace(stays[-1], left_at=at)
        elif kind == "TaskScheduled":
            stays[-1] = replace(stays[-1], attempts=stays[-1].attempts + 1, error=None)
        elif kind in ("TaskFailed", "TaskTimedOut"):
            details = event[f"{kind[0].lower()}{kind[1:]}EventDetails"]
            stays[-1] = replace(stays[-1], error=details.get("error") or kind)
    return tuple(stays)
