"""GetExecutionHistory as states entered and left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from recon.timeline import Timeline, Visit, visits

START = datetime(2026, 2, 16, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def entered(kind: str, name: str, seconds: float) -> dict[str, Any]:
    details = {"name": name}
    return {
        "type": f"{kind}StateEntered",
        "timestamp": at(seconds),
        "stateEnteredEventDetails": details,
    }


def exited(kind: str, name: str, seconds: float) -> dict[str, Any]:
    details = {"name": name}
    return {
        "type": f"{kind}StateExited",
        "timestamp": at(seconds),
        "stateExitedEventDetails": details,
    }


def event(kind: str, seconds: float, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": at(seconds), **details}


def test_each_state_is_entered_and_left_in_order_and_the_current_one_is_open() -> None:
    history = [
        event("ExecutionStarted", 0),
        entered("Pass", "StartTimer", 0.1),
        exited("Pass", "StartTimer", 0.2),
        entered("Task", "ValidateCSV", 0.3),
        event("TaskScheduled", 0.4),
    ]
    assert visits(history) == (
        Visit("StartTimer", at(0.1), at(0.2)),
        Visit("ValidateCSV", at(0.3), attempts=1),
    )


def test_a_caught_failure_keeps_its_error_and_ends_where_the_next_state_begins() -> None:
    history = [
        entered("Task", "ValidateCSV", 0),
        event("TaskScheduled", 0),
        event("TaskFailed", 2, taskFailedEventDetails={"error": "States.TaskFailed"}),
        entered("Task", "SaveCheckpoint", 3),
    ]
    first, second = visits(history)
    assert (first.left_at, first.error) == (at(3), "States.TaskFailed")
    assert (second.left_at, second.error) == (None, None)


def test_a_retry_that_works_leaves_no_error() -> None:
    history = [
        entered("Task", "ValidateCSV", 0),
        event("TaskScheduled", 0),
        event("TaskTimedOut", 1, taskTimedOutEventDetails={"error": "States.Timeout"}),
        event("TaskScheduled", 2),
        event("TaskSucceeded", 3),
        exited("Task", "ValidateCSV", 3),
    ]
    assert visits(history) == (Visit("ValidateCSV", at(0), at(3), attempts=2),)


def test_the_state_in_which_an_execution_was_stopped_did_not_succeed() -> None:
    history = [entered("Task", "ValidateCSV", 1), event("ExecutionAborted", 2)]
    assert visits(history) == (Visit("ValidateCSV", at(1), at(2), error="ExecutionAborted"),)


def test_the_end_of_the_execution_ends_its_last_state() -> None:
    history = [entered("Succeed", "Success", 1), event("ExecutionSucceeded", 2)]
    assert visits(history) == (Visit("Success", at(1), at(2)),)


def test_the_time_left_shrinks_to_zero_and_stands_still_once_the_execution_has_stopped() -> None:
    running = Timeline("JOB", "RUNNING", START, limit=1200)
    assert (running.left_at(at(200)), running.left_at(at(1300))) == (1000, 0)
    stopped = Timeline("JOB", "SUCCEEDED", START, limit=1200, stopped_at=at(10))
    assert stopped.left_at(at(500)) == 1190
