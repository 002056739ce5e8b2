"""Started by hand with whatever came to mind: it fails, and somebody is told what was wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from recon.embedded.faults import Fault
from services.timeout_handler.runs import Execution
from services.timeout_handler.status_change import job_id_of
from shared.alert import Alert, RunFailed
from tests.state_machine.pipeline import Pipeline, event


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key not in names}


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "job_id, bucket_name, object_key, file_hash"),
    "null": (None, "job_id, bucket_name, object_key, file_hash"),
    "a list": ([event()], "job_id, bucket_name, object_key, file_hash"),
    "an empty list": ([], "job_id, bucket_name, object_key, file_hash"),
    "a text": ("extrato.csv", "job_id, bucket_name, object_key, file_hash"),
    "a number": (7, "job_id, bucket_name, object_key, file_hash"),
    "no job_id": (without("job_id"), "job_id"),
    "no bucket_name": (without("bucket_name"), "bucket_name"),
    "no object_key": (without("object_key"), "object_key"),
    "no file_hash": (without("file_hash"), "file_hash"),
    "no file_hash, no key": (without("file_hash", "object_key"), "object_key, file_hash"),
    "job_id is null": (event(job_id=None), "job_id"),
    "job_id is empty": (event(job_id=""), "job_id"),
    "job_id is a number": (event(job_id=7), "job_id"),
    "job_id is a list": (event(job_id=["JOB"]), "job_id"),
    "job_id is an object": (event(job_id={"a": 1}), "job_id"),
    "job_id is no name": (event(job_id="JÓB 1\n../x"), "job_id"),
    "job_id is too long": (event(job_id="J" * 77), "job_id"),
    "bucket_name is null": (event(bucket_name=None), "bucket_name"),
    "object_key is a list": (event(object_key=["a.csv"]), "object_key"),
    "file_hash is a number": (event(file_hash=123), "file_hash"),
    "object_version is a number": (event(object_version=1), "object_version"),
    "profile is null": (event(profile=None), "profile"),
    "profile is an object": (event(profile={}), "profile"),
    "attempt is a text": (event(attempt="1"), "attempt"),
    "force is a text": (event(force="sim"), "force"),
}


def told_job_id(given: Any, name: str) -> str:
    """As the timeout handler has it, which looks for what was told under it."""
    return job_id_of(
        Execution(
            arn="arn",
            name=name,
            status="FAILED",
            input=json.dumps(given),
            error=None,
            cause=None,
            stopped_at=None,
            redrive_count=0,
        )
    )


@pytest.mark.parametrize(("given", "fields"), WRONG.values(), ids=WRONG)
def test_a_wrong_input_fails_before_any_job_and_is_told_with_what_is_wrong(
    pipeline: Pipeline, given: Any, fields: str
) -> None:
    run = pipeline.run(given=given)
    assert run.states == ["StartTimer", "ValidateCSV", "SaveCheckpoint", "NotifyFailure", "Failure"]
    assert "ValidateCSV" not in run.attempts
    assert run.status == "FAILED"
    assert run.cause and run.cause.endswith(f"Entrada da execução sem valor válido em: {fields}")

    report, told = run.reported(), run.told()
    assert isinstance(told, RunFailed)
    assert (report.state, told.state) == ("ValidateCSV", "ValidateCSV")
    assert report.error.Cause == told.error.Cause == run.cause
    # The timeout handler looks for the alert's marker under the job_id that it makes of the input.
    assert report.job_id == told.job_id == told_job_id(given, run.name)


@pytest.mark.parametrize(
    "case", ["null", "no job_id", "job_id is no name", "profile is null", "profile is an object"]
)
def test_a_wrong_input_is_told_even_without_the_notifier(
    pipeline: Pipeline, received: Callable[[], dict[str, Any]], case: str
) -> None:
    given, _ = WRONG[case]
    run = pipeline.run(Fault(state="NotifyFailure", error="Lambda.Unknown"), given=given)
    assert run.states[-3:] == ["NotifyFailure", "AlertFailurePlainly", "Failure"]
    message = received()
    alert = Alert.model_validate(json.loads(message["Message"]), extra="forbid")
    assert (alert.job_id, alert.status) == (told_job_id(given, run.name), "FAILED")
    assert message["Subject"].isascii() and "\n" not in message["Subject"]
    assert all(each["Value"] for each in message["MessageAttributes"].values())


@pytest.mark.parametrize("name", ["conciliação-à-mão", "R" * 80])
def test_an_execution_whose_name_is_no_job_id_is_told_under_one(
    pipeline: Pipeline, name: str
) -> None:
    run = pipeline.run(given={}, name=name)
    assert run.status == "FAILED"
    assert run.told().job_id == told_job_id({}, name)
