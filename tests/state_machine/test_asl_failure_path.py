"""What reports a failure fails itself: people hear of it all the same, and of the first failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from recon.embedded.faults import Fault
from shared.alert import Alert, RunFailed
from tests.state_machine.pipeline import CHECKPOINT, UP_TO, Pipeline, Run, answer, event

TRANSIENT = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
# Its own time limit, the function's, its exception, no such function, no right to call it.
PERMANENT = (
    "States.Timeout",
    "Sandbox.Timedout",
    "Lambda.Unknown",
    "ValidationError",
    "Lambda.ResourceNotFoundException",
    "States.Permissions",
)
JOB_FAILED = Fault(state="ReconcileData", error="States.TaskFailed", cause="o motivo verdadeiro")
OUT_OF_TIME = Fault(state="ReconcileData", error="States.Timeout", cause="o tempo acabou")
AT_RECONCILE = UP_TO["ReconcileData"]


def assert_ended_with_the_jobs_own_error(run: Run) -> None:
    assert (run.status, run.error, run.cause) == (
        "FAILED",
        "States.TaskFailed",
        "o motivo verdadeiro",
    )


def told(run: Run) -> RunFailed:
    request = run.told()
    assert isinstance(request, RunFailed)
    return request


@pytest.mark.parametrize("state", ["SaveCheckpoint", "NotifyFailure"])
@pytest.mark.parametrize("error", TRANSIENT)
def test_a_call_that_lambda_did_not_take_is_repeated(
    pipeline: Pipeline, state: str, error: str
) -> None:
    run = pipeline.run(JOB_FAILED, Fault(state=state, attempt=0, error=error))
    assert run.states == [*AT_RECONCILE, "SaveCheckpoint", "NotifyFailure", "Failure"]
    first, second = run.attempts[state]
    assert first == second
    assert told(run).checkpoint_location == CHECKPOINT
    assert_ended_with_the_jobs_own_error(run)


@pytest.mark.parametrize("state", ["TimeoutFailure", "NotifySuccess"])
def test_the_other_functions_calls_are_repeated_alike(pipeline: Pipeline, state: str) -> None:
    fault = Fault(state=state, attempt=0, error="Lambda.TooManyRequestsException")
    run = pipeline.run(*([OUT_OF_TIME] if state == "TimeoutFailure" else []), fault)
    assert len(run.attempts[state]) == 2
    assert run.states[-1] == ("Failure" if state == "TimeoutFailure" else "Success")


@pytest.mark.parametrize(
    ("error", "attempts"), [*((e, 4) for e in TRANSIENT), *((e, 1) for e in PERMANENT)]
)
def test_a_checkpoint_that_cannot_be_saved_does_not_keep_the_alert_back(
    pipeline: Pipeline, error: str, attempts: int
) -> None:
    run = pipeline.run(JOB_FAILED, Fault(state="SaveCheckpoint", error=error, cause="anders"))
    assert run.states == [*AT_RECONCILE, "SaveCheckpoint", "NotifyFailure", "Failure"]
    assert len(run.attempts["SaveCheckpoint"]) == attempts
    alert = told(run)
    assert alert.checkpoint_location is None
    # The job's failure is told, and a function's time limit is not the twenty minutes.
    assert (alert.state, alert.status, alert.error.Error) == (
        "ReconcileData",
        "FAILED",
        "States.TaskFailed",
    )
    assert_ended_with_the_jobs_own_error(run)


@pytest.mark.parametrize("payload", [None, {}, "saved", {"checkpoint": CHECKPOINT}])
def test_a_checkpoint_function_that_does_not_say_where_keeps_no_alert_back(
    pipeline: Pipeline, payload: Any
) -> None:
    run = pipeline.run(JOB_FAILED, Fault(state="SaveCheckpoint", result=answer(payload)))
    assert run.states == [*AT_RECONCILE, "SaveCheckpoint", "NotifyFailure", "Failure"]
    assert told(run).checkpoint_location is None


@pytest.mark.parametrize("error", PERMANENT)
def test_where_the_timeout_handler_fails_the_checkpoint_is_saved_and_the_alert_goes_out(
    pipeline: Pipeline, error: str
) -> None:
    run = pipeline.run(OUT_OF_TIME, Fault(state="TimeoutFailure", error=error))
    assert run.states == [
        *AT_RECONCILE,
        "TimeoutFailure",
        "SaveCheckpoint",
        "NotifyFailure",
        "Failure",
    ]
    report = run.reported("SaveCheckpoint")
    assert (report.state, report.status, report.error.Cause) == (
        "ReconcileData",
        "TIMED_OUT",
        "o tempo acabou",
    )
    alert = told(run)
    assert (alert.state, alert.status, alert.checkpoint_location) == (
        "ReconcileData",
        "TIMED_OUT",
        CHECKPOINT,
    )
    assert (run.status, run.error, run.cause) == ("FAILED", "States.Timeout", "o tempo acabou")


@pytest.mark.parametrize(
    ("failure", "status", "message", "error"),
    [
        *((JOB_FAILED, "FAILED", "Falha no processamento de conciliação", e) for e in PERMANENT),
        (OUT_OF_TIME, "TIMED_OUT", "Timeout de 20 minutos excedido", "Lambda.Unknown"),
    ],
)
def test_where_the_notifier_fails_the_bare_fact_goes_out(
    pipeline: Pipeline,
    received: Callable[[], dict[str, Any]],
    failure: Fault,
    status: str,
    message: str,
    error: str,
) -> None:
    given = event(profile="inter")
    run = pipeline.run(failure, Fault(state="NotifyFailure", error=error), given=given)
    assert run.states[-3:] == ["NotifyFailure", "AlertFailurePlainly", "Failure"]
    assert (run.status, run.error, run.cause) == ("FAILED", failure.error, failure.cause)

    envelope = received()
    assert envelope["Subject"] == f"[CRITICO] Falha na conciliacao: {given['job_id']}"
    alert = Alert.model_validate(json.loads(envelope["Message"]), extra="forbid")
    assert (alert.kind, alert.severity, alert.status) == ("run_failed", "CRITICAL", status)
    assert (alert.job_id, alert.profile, alert.message) == (given["job_id"], "inter", message)
    assert alert.error and (alert.error["state"], alert.error["name"]) == (
        "ReconcileData",
        failure.error,
    )
    assert given["job_id"] in alert.error["message"]


def test_a_subscriber_who_filters_by_severity_gets_the_bare_fact_too(
    pipeline: Pipeline, received: Callable[[], dict[str, Any]]
) -> None:
    given = event(profile="inter")
    pipeline.run(JOB_FAILED, Fault(state="NotifyFailure", error="Lambda.Unknown"), given=given)
    attributes = received()["MessageAttributes"]
    assert {name: each["Value"] for name, each in attributes.items()} == {
        "kind": "run_failed",
        "severity": "CRITICAL",
        "status": "FAILED",
        "job_id": given["job_id"],
        "profile": "inter",
    }


def test_the_longest_job_id_fits_the_subject(
    pipeline: Pipeline, received: Callable[[], dict[str, Any]]
) -> None:
    job_id = "J" * 76
    run = pipeline.run(
        JOB_FAILED, Fault(state="NotifyFailure", error="Lambda.Unknown"), given=event(job_id=job_id)
    )
    assert run.states[-2:] == ["AlertFailurePlainly", "Failure"]
    subject = received()["Subject"]
    assert subject.startswith("[CRITICO]") and subject.isascii() and len(subject) < 100


def test_a_plain_alert_that_sns_did_not_take_is_repeated(
    pipeline: Pipeline, received: Callable[[], dict[str, Any]]
) -> None:
    run = pipeline.run(
        JOB_FAILED,
        Fault(state="NotifyFailure", error="Lambda.Unknown"),
        Fault(state="AlertFailurePlainly", attempt=0, error="SNS.InternalErrorException"),
    )
    assert len(run.attempts["AlertFailurePlainly"]) == 2
    assert json.loads(received()["Message"])["kind"] == "run_failed"


@pytest.mark.parametrize("error", ["SNS.NotFoundException", "States.Timeout"])
def test_where_nothing_can_be_told_the_run_still_ends_with_its_own_error(
    pipeline: Pipeline, error: str
) -> None:
    run = pipeline.run(
        JOB_FAILED,
        Fault(state="SaveCheckpoint", error="Lambda.Unknown"),
        Fault(state="NotifyFailure", error="Lambda.Unknown"),
        Fault(state="AlertFailurePlainly", error=error),
    )
    assert run.states == [
        *AT_RECONCILE,
        "SaveCheckpoint",
        "NotifyFailure",
        "AlertFailurePlainly",
        "Failure",
    ]
    assert_ended_with_the_jobs_own_error(run)
