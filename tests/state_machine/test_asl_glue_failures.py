"""Each job's bad ends: what is tried again, what is told, and under whose name."""

from __future__ import annotations

import json

import pytest

from recon.embedded.faults import Fault
from shared.alert import RunFailed
from tests.state_machine.pipeline import (
    CHECKPOINT,
    COMPLETED,
    GLUE_TASKS,
    UP_TO,
    Pipeline,
    Run,
    glue_run,
)

TRANSIENT = (
    "Glue.ConcurrentRunsExceededException",
    "Glue.InternalServiceException",
    "Glue.OperationTimeoutException",
    "Glue.ResourceNumberLimitExceededException",
    "Glue.ThrottlingException",
)
JOB_RUN = json.dumps(
    glue_run("FAILED", ErrorMessage="coluna 'valor' não encontrada"), ensure_ascii=False
)


def assert_failed_in(run: Run, state: str, error: str) -> None:
    """The whole way of a failure: kept, told with its checkpoint, and the run's own end."""
    assert run.states == [*UP_TO[state], "SaveCheckpoint", "NotifyFailure", "Failure"]
    report = run.reported()
    assert (report.state, report.status, report.error.Error) == (state, "FAILED", error)
    assert (report.execution_arn, report.execution_name) == (run.arn, run.name)
    assert report.job and report.job.job_id == report.job_id
    told = run.told()
    assert isinstance(told, RunFailed)
    assert (told.state, told.status, told.error) == (state, "FAILED", report.error)
    assert (told.job, told.checkpoint_location) == (report.job, CHECKPOINT)
    assert (run.status, run.error, run.cause or "") == ("FAILED", error, report.error.Cause)


@pytest.mark.parametrize("state", GLUE_TASKS)
@pytest.mark.parametrize("error", TRANSIENT)
def test_a_trouble_of_the_service_that_passes_is_only_tried_again(
    pipeline: Pipeline, state: str, error: str
) -> None:
    run = pipeline.run(Fault(state=state, attempt=0, error=error))
    assert run.status == "SUCCEEDED"
    assert run.states == [*COMPLETED, "Success"]
    first, second = run.attempts[state]
    assert first == second


@pytest.mark.parametrize("state", GLUE_TASKS)
@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.TaskFailed", JOB_RUN),
        ("Glue.EntityNotFoundException", "Job not found"),
        ("Glue.InvalidInputException", "Arguments must be strings"),
        ("Glue.AccessDeniedException", "not authorized to perform glue:StartJobRun"),
        ("States.Permissions", ""),
    ],
)
def test_a_failed_job_is_kept_told_and_never_tried_again(
    pipeline: Pipeline, state: str, error: str, cause: str
) -> None:
    run = pipeline.run(Fault(state=state, error=error, cause=cause))
    assert len(run.attempts[state]) == 1
    assert_failed_in(run, state, error)
    assert (run.cause or "") == cause


@pytest.mark.parametrize("state", GLUE_TASKS)
def test_a_trouble_of_the_service_that_stays_is_told_after_the_fifth_repeat(
    pipeline: Pipeline, state: str
) -> None:
    error = "Glue.ConcurrentRunsExceededException"
    run = pipeline.run(Fault(state=state, error=error, cause="Concurrent runs exceeded"))
    assert len(run.attempts[state]) == 6
    assert_failed_in(run, state, error)


@pytest.mark.parametrize(
    ("state", "end"), [*((state, "STOPPED") for state in GLUE_TASKS), ("ValidateCSV", "EXPIRED")]
)
def test_a_run_that_ended_otherwise_than_well_fails_its_own_state(
    pipeline: Pipeline, state: str, end: str
) -> None:
    result = glue_run(end)
    run = pipeline.run(Fault(state=state, result=result))
    assert_failed_in(run, state, "States.QueryEvaluationError")
    assert run.cause and f"A execução {result['Id']} do Glue terminou como {end}." in run.cause


@pytest.mark.parametrize("state", GLUE_TASKS)
@pytest.mark.parametrize("garbage", [{}, [], "SUCCEEDED", {"JobRunState": None}])
def test_an_answer_without_the_runs_state_is_a_failure(
    pipeline: Pipeline, state: str, garbage: object
) -> None:
    run = pipeline.run(Fault(state=state, result=garbage))
    assert_failed_in(run, state, "States.QueryEvaluationError")


def test_an_error_that_comes_without_a_cause_is_told_all_the_same(pipeline: Pipeline) -> None:
    run = pipeline.run(Fault(state="ReconcileData", error="States.TaskFailed", cause=None))
    assert_failed_in(run, "ReconcileData", "States.TaskFailed")


def test_a_cause_of_any_length_fits_what_a_failed_run_may_say(pipeline: Pipeline) -> None:
    run = pipeline.run(Fault(state="ReconcileData", error="E" * 300, cause="ç" * 40_000))
    assert run.reported().error.Error == "E" * 300
    assert (run.error, run.cause) == ("E" * 256, "ç" * 32_000)


def test_a_result_of_the_validation_that_slips_through_ends_in_a_failure(
    pipeline: Pipeline,
) -> None:
    """Not reachable in a run: the state before fails first. So the state alone."""
    found = pipeline.state("CheckValidationResult", {"JobRunState": "STOPPED"})
    assert found["nextState"] == "SaveCheckpoint"
