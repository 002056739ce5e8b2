from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.checkpoint import Checkpoint, ErrorOutput, Failure, FailureReport
from shared.checkpointing import (
    describe,
    failing_stages,
    failure_of,
    merge,
    parse_cause,
    stage_progress,
)
from shared.layout import Stage
from tests.run_cases import GLUE_CAUSE, JOB, MANIFESTS, NOW, REPORT, STAGE_ERROR

LATER = NOW + timedelta(minutes=9)


def report(**changes: Any) -> FailureReport:
    return REPORT.model_copy(update=changes)


def failure(**changes: Any) -> Failure:
    at = changes.pop("at", NOW)
    return describe(report(**changes), (), None, at)


def checkpoint(*reports: FailureReport) -> Checkpoint:
    kept = None
    for minutes, each in enumerate(reports):
        at = NOW + timedelta(minutes=minutes)
        kept = merge(kept, describe(each, (), None, at), each)
    assert kept is not None
    return kept


# What one failure says


@pytest.mark.parametrize(
    ("error", "message", "cause_is"),
    [
        (
            ErrorOutput(Error="States.TaskFailed", Cause=GLUE_CAUSE),
            "Command failed with exit code 137",
            dict,
        ),
        (
            ErrorOutput(Error="States.TaskFailed", Cause='{"JobRunState":"STOPPED","Id":"jr_1"}'),
            "A execução do Glue terminou como STOPPED.",
            dict,
        ),
        (
            ErrorOutput(Error="KeyError", Cause='{"errorMessage":"job_id","errorType":"KeyError"}'),
            "job_id",
            dict,
        ),
        (
            ErrorOutput(Error="Glue.EntityNotFoundException", Cause="No such job"),
            "No such job",
            str,
        ),
        (
            ErrorOutput(Error="States.QueryEvaluationError", Cause="D3137: Entrada sem job_id"),
            "Entrada sem job_id",
            str,
        ),
        (ErrorOutput(Error="X", Cause='{"cut": "in the mid'), '{"cut": "in the mid', str),
        (ErrorOutput(Error="X", Cause="[1, 2]"), "[1, 2]", str),
        (ErrorOutput(Error="X", Cause="[" * 32_000), "[" * 32_000, str),
        (
            ErrorOutput(Error="States.Timeout", Cause=""),
            "Timeout de 20 minutos excedido",
            type(None),
        ),
        (ErrorOutput(Error="Odd"), "Odd", type(None)),
        (ErrorOutput(), "A causa não foi informada.", type(None)),
    ],
)
def test_the_cause_is_read_and_the_best_words_are_kept(
    error: ErrorOutput, message: str, cause_is: type
) -> None:
    told = failure(error=error).error
    assert (told.name, told.message) == (error.Error, message)
    assert isinstance(told.cause, cause_is)


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.text(), x)).map(repr)
)
def test_any_cause_can_be_kept_and_read_again(cause: str) -> None:
    clean = cause.encode("utf-8", "replace").decode()
    kept = checkpoint(report(error=ErrorOutput(Error="X", Cause=clean)))
    assert Checkpoint.from_json(kept.to_json()) == kept


@pytest.mark.parametrize("depth", [10, 100, 190, 250, 600, 5_000])
def test_a_deeply_nested_cause_is_kept_all_the_same(depth: int) -> None:
    cause = '{"a":' * depth + "1" + "}" * depth
    kept = checkpoint(report(error=ErrorOutput(Error="X", Cause=cause)))
    assert Checkpoint.from_json(kept.to_json()) == kept


def test_what_json_has_no_word_for_stays_text() -> None:
    assert parse_cause('{"seconds": NaN}') == '{"seconds": NaN}'
    assert parse_cause('{"text": "\\ud800"}') == '{"text": "\\ud800"}'


def test_the_stage_s_own_words_come_before_all_others() -> None:
    told = describe(report(reason="Timeout de 20 minutos excedido"), (), STAGE_ERROR, NOW).error
    assert told.message == STAGE_ERROR.message
    assert told.stage_error == STAGE_ERROR


def test_the_reporter_s_reason_comes_before_the_cause() -> None:
    assert failure(reason="Tempo esgotado").error.message == "Tempo esgotado"


@pytest.mark.parametrize("state", ["UNKNOWN", "SaveCheckpoint", "TimeoutFailure", "Failure"])
def test_a_state_that_only_reports_is_never_the_failing_one(state: str) -> None:
    assert failure(state=state).state == "UNKNOWN"
    assert describe(report(state=state), (), STAGE_ERROR, NOW).state == "ValidateCSV"
    assert failing_stages(state) == tuple(Stage)


def test_only_the_failing_stage_may_explain_a_failure() -> None:
    assert failing_stages("ReconcileData") == (Stage.RECONCILIATION,)
    assert failing_stages("CheckTimeout") == ()


def test_a_late_report_keeps_the_time_of_the_failure() -> None:
    assert failure(occurred_at=NOW - timedelta(hours=1)).timestamp == NOW - timedelta(hours=1)
    assert failure().timestamp == NOW


@pytest.mark.parametrize(("stage", "rows"), list(zip(Stage, (6, 6, 0), strict=True)))
def test_progress_tells_time_and_rows_of_a_done_stage(stage: Stage, rows: int) -> None:
    done = stage_progress(stage, "s3://data/m", MANIFESTS[stage])
    assert (done.stage, done.seconds, done.rows) == (stage, 2.0, rows)


# What the user sends by hand


def test_job_id_alone_is_enough() -> None:
    alone = FailureReport.model_validate({"job_id": "JOB-20260216-001234"})
    kept = checkpoint(alone)
    assert (kept.state, kept.status, kept.attempts) == ("UNKNOWN", "FAILED", 1)
    assert kept.resume == "recon resume JOB-20260216-001234"
    assert kept.event is None


def test_a_job_that_was_itself_wrong_does_not_keep_its_failure_from_being_reported() -> None:
    told = FailureReport.model_validate(
        {"job_id": "J", "state": "ValidateCSV", "job": {"job_id": "J"}}
    )
    assert told.job is None


# What is kept of several


def test_the_first_failure_of_a_job() -> None:
    kept = checkpoint(REPORT)
    assert (kept.state, kept.attempts, kept.earlier) == ("ReconcileData", 1, ())
    assert kept.event == JOB
    assert kept.execution_name == JOB.job_id


def test_the_same_failure_reported_twice_changes_nothing() -> None:
    kept = checkpoint(REPORT)
    assert merge(kept, failure(at=LATER), REPORT) is kept


def test_a_later_attempt_comes_on_top_and_hides_nothing() -> None:
    again = report(execution_name=f"{JOB.job_id}-R1", state="PrepareQuickSight")
    kept = checkpoint(REPORT, again)
    assert (kept.state, kept.attempts) == ("PrepareQuickSight", 2)
    assert [each.state for each in kept.earlier] == ["ReconcileData"]


def test_an_old_failure_that_is_reported_late_stays_below() -> None:
    again = report(execution_name=f"{JOB.job_id}-R1", occurred_at=LATER)
    kept = checkpoint(again, report(occurred_at=NOW - timedelta(hours=1)))
    assert [kept.execution_name, *(each.execution_name for each in kept.earlier)] == [
        f"{JOB.job_id}-R1",
        JOB.job_id,
    ]


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("state", ["UNKNOWN", "Failure", "PrepareQuickSight"])
def test_a_second_report_of_one_end_never_replaces_the_true_state(state: str, status: str) -> None:
    kept = checkpoint(REPORT)
    vague = report(state=state, status=status, error=ErrorOutput(Error="States.Timeout"))
    assert merge(kept, describe(vague, (), None, LATER), vague) is kept


def test_a_report_that_knows_the_state_replaces_one_that_does_not() -> None:
    kept = checkpoint(report(state="UNKNOWN", error=ErrorOutput()), REPORT)
    assert (kept.state, kept.attempts, kept.earlier) == ("ReconcileData", 1, ())


def test_a_redriven_execution_may_fail_again() -> None:
    kept = checkpoint(report(status="ABORTED"), report(redrive_count=1))
    assert (kept.status, kept.attempts) == ("FAILED", 2)
    assert [each.status for each in kept.earlier] == ["ABORTED"]


def test_failures_without_an_execution_are_told_apart_by_what_they_say() -> None:
    first = FailureReport(job_id="J", state="ValidateCSV")
    second = FailureReport(job_id="J", state="ReconcileData")
    assert checkpoint(first, first).attempts == 1
    kept = checkpoint(first, second, first)
    assert (kept.state, kept.attempts) == ("ReconcileData", 2)


def test_the_job_event_is_kept_where_a_later_report_lacks_it() -> None:
    assert checkpoint(REPORT, report(execution_name="other", job=None)).event == JOB


def test_the_failure_of_one_execution_is_found_again() -> None:
    kept = checkpoint(REPORT, report(execution_name="R1", state="PrepareQuickSight"))
    found = [failure_of(kept, name) for name in (JOB.job_id, "R1", None, "R9")]
    assert [each and each.state for each in found] == [
        "ReconcileData",
        "PrepareQuickSight",
        "PrepareQuickSight",
        None,
    ]


def test_of_two_reports_that_both_do_not_know_the_state_the_first_stays() -> None:
    kept = checkpoint(report(state="UNKNOWN", error=ErrorOutput(Error="First")))
    vague = report(state="Failure", error=ErrorOutput(Error="Second"))
    assert merge(kept, describe(vague, (), None, LATER), vague) is kept
