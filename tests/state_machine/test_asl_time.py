"""Twenty minutes, here seconds: who notices that they are over, and that it is told as that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from recon.embedded.faults import Fault
from shared.alert import RunFailed
from tests.state_machine.pipeline import (
    CHECKPOINT,
    DEFINITION,
    GLUE_TASKS,
    UP_TO,
    Pipeline,
    Run,
    event,
)


def assert_out_of_time(run: Run, state: str, way: list[str]) -> None:
    assert run.states == [*way, "TimeoutFailure", "NotifyFailure", "Failure"]
    report = run.reported("TimeoutFailure")
    assert (report.state, report.status, report.error.Error) == (
        state,
        "TIMED_OUT",
        "States.Timeout",
    )
    assert report.reason == "Timeout de 20 minutos excedido"
    assert run.arguments("TimeoutFailure")["FunctionName"] == "the-timeout-handler"
    told = run.told()
    assert isinstance(told, RunFailed)
    assert (told.state, told.status, told.error) == (state, "TIMED_OUT", report.error)
    assert told.checkpoint_location == CHECKPOINT
    assert (run.status, run.error, run.cause or "") == (
        "FAILED",
        "States.Timeout",
        report.error.Cause,
    )


@pytest.mark.parametrize("state", GLUE_TASKS)
def test_a_job_that_hangs_beyond_what_is_left_is_out_of_time(
    pipeline: Pipeline, state: str
) -> None:
    run = pipeline.run(Fault(state=state, seconds=6, result={}), limit=3)
    assert_out_of_time(run, state, UP_TO[state])
    # What was left of the three, in whole seconds.
    assert run.cause in ("Task timed out after 2 seconds", "Task timed out after 1 seconds")


@pytest.mark.parametrize("state", GLUE_TASKS)
def test_a_job_that_the_service_gives_up_on_is_out_of_time_too(
    pipeline: Pipeline, state: str
) -> None:
    run = pipeline.run(Fault(state=state, error="States.Timeout"))
    assert_out_of_time(run, state, UP_TO[state])


def test_out_of_time_between_two_jobs_starts_no_further_one(pipeline: Pipeline) -> None:
    run = pipeline.run(limit=0)
    assert_out_of_time(
        run, "CheckTimeout", [*UP_TO["ValidateCSV"], "CheckValidationResult", "CheckTimeout"]
    )
    assert run.cause == "Timeout de 20 minutos excedido"


# Not run: a real redrive, which the emulator does not have. Its interpreter evaluates the definition's own expressions
# in the context that AWS documents for a redriven execution.


def at(past: timedelta) -> str:
    moment = datetime.now(UTC) - past
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("redriven", "goes_to"),
    [({}, "TimeoutFailure"), ({"RedriveTime": timedelta(minutes=1)}, "ReconcileData")],
    ids=["first run", "redriven"],
)
def test_a_redriven_run_has_its_time_anew(
    pipeline: Pipeline, redriven: dict[str, timedelta], goes_to: str
) -> None:
    execution = {"StartTime": at(timedelta(days=1))} | {k: at(v) for k, v in redriven.items()}
    found = pipeline.state("CheckTimeout", event(), Execution=execution, variables={"limit": 1200})
    assert found["nextState"] == goes_to


def test_a_redriven_runs_job_may_take_what_is_left_since_the_redrive(pipeline: Pipeline) -> None:
    deadline = json.loads(DEFINITION.read_text("utf-8"))["States"]["ReconcileData"][
        "TimeoutSeconds"
    ]
    found = pipeline.evaluate(
        {"Type": "Pass", "Output": deadline, "End": True},
        Execution={"StartTime": at(timedelta(days=1)), "RedriveTime": at(timedelta(minutes=1))},
        variables={"limit": 1200},
    )
    assert 1130 <= json.loads(found["output"]) <= 1140
