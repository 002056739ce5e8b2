"""The way of a file that meets no trouble, and of one whose good news is hard to deliver."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from recon.embedded.faults import Fault
from shared.alert import Alert, RunCompleted
from shared.job_event import JobEvent
from tests.state_machine.pipeline import COMPLETED, Pipeline, event


def test_a_run_without_trouble_passes_the_states_in_order_and_succeeds(pipeline: Pipeline) -> None:
    run = pipeline.run()
    assert run.status == "SUCCEEDED"
    assert run.states == [*COMPLETED, "Success"]
    assert {state: len(attempts) for state, attempts in run.attempts.items()} == {
        "ValidateCSV": 1,
        "ReconcileData": 1,
        "PrepareQuickSight": 1,
        "NotifySuccess": 1,
    }


def test_each_job_gets_exactly_its_arguments(pipeline: Pipeline) -> None:
    given = JobEvent(
        **event(),
        object_version="v.1",
        object_size=12,
        profile="inter",
        attempt=2,
        force=True,
        reason="refazer",
    )
    run = pipeline.run(given=given.model_dump(mode="json"), name=given.execution_name)
    path = f"s3://the-data-bucket/runs/{given.job_id}/{given.job_id}-R2"
    common = {
        "--job_id": given.job_id,
        "--execution_name": f"{given.job_id}-R2",
        "--bucket_name": "the-ingress-bucket",
        "--object_key": "2026-02-16/extrato ção.csv",
        "--file_hash": "0123456789abcdef" * 4,
        "--object_version": "v.1",
        "--profile": "inter",
        "--force": "true",
    }
    assert run.arguments("ValidateCSV") == {
        "JobName": "the-validation-job",
        "Arguments": common
        | {
            "--reference_path": "s3://the-data-bucket/reference/inter",
            "--output_path": f"{path}/validation",
        },
    }
    assert run.arguments("ReconcileData") == {
        "JobName": "the-reconciliation-job",
        "Arguments": common
        | {
            "--validated_data_path": f"{path}/validation",
            "--output_path": f"{path}/reconciliation",
        },
    }
    assert run.arguments("PrepareQuickSight") == {
        "JobName": "the-quicksight-prep-job",
        "Arguments": common
        | {
            "--validated_data_path": f"{path}/validation",
            "--divergences_path": f"{path}/reconciliation",
            "--output_path": f"{path}/quicksight-prep",
        },
    }


def test_the_notifier_is_told_of_the_run_that_completed(pipeline: Pipeline) -> None:
    given = event()
    run = pipeline.run(given=given)
    assert run.arguments("NotifySuccess")["FunctionName"] == "the-notifier"
    assert run.told("NotifySuccess") == RunCompleted(
        job=JobEvent(**given), execution_arn=run.arn, execution_name=run.name
    )


def test_four_fields_are_enough(pipeline: Pipeline) -> None:
    run = pipeline.run(given=event())
    arguments = run.arguments("ValidateCSV")["Arguments"]
    assert run.status == "SUCCEEDED"
    assert (arguments["--object_version"], arguments["--profile"], arguments["--force"]) == (
        "latest",
        "default",
        "false",
    )


def test_what_else_the_input_holds_is_kept(pipeline: Pipeline) -> None:
    run = pipeline.run(given=event(reason="refazer", ticket={"number": 7}))
    assert run.status == "SUCCEEDED"
    job = run.payload("NotifySuccess")["job"]
    assert (job["reason"], job["ticket"]) == ("refazer", {"number": 7})


@pytest.mark.parametrize("error", ["ValidationError", "Lambda.Unknown", "States.Timeout"])
def test_a_result_whose_notice_fails_is_told_plainly_and_stays_good(
    pipeline: Pipeline, received: Callable[[], dict[str, Any]], error: str
) -> None:
    given = event(profile="inter")
    run = pipeline.run(Fault(state="NotifySuccess", error=error), given=given)
    assert run.status == "SUCCEEDED"
    assert run.states == [*COMPLETED, "AlertSuccessPlainly", "Success"]

    message = received()
    assert message["Subject"] == f"[AVISO] Conciliacao concluida: {given['job_id']}"
    alert = Alert.model_validate(json.loads(message["Message"]), extra="forbid")
    assert (alert.kind, alert.severity, alert.status) == ("run_completed", "WARNING", "SUCCESS")
    assert (alert.job_id, alert.profile) == (given["job_id"], "inter")
    assert alert.message == "Conciliação concluída com sucesso"
    assert alert.error and given["job_id"] in alert.error["message"]
    assert {name: each["Value"] for name, each in message["MessageAttributes"].items()} == {
        "kind": "run_completed",
        "severity": "WARNING",
        "status": "SUCCESS",
        "job_id": given["job_id"],
        "profile": "inter",
    }


def test_a_result_that_cannot_even_be_told_plainly_stays_good(pipeline: Pipeline) -> None:
    run = pipeline.run(
        Fault(state="NotifySuccess", error="Lambda.Unknown"),
        Fault(state="AlertSuccessPlainly", error="SNS.AuthorizationErrorException"),
    )
    assert run.status == "SUCCEEDED"
    assert run.states == [*COMPLETED, "AlertSuccessPlainly", "Success"]
