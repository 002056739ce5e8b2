"""The state machine's definition against what surrounds it: the template, the jobs' arguments, the functions' models.

Its expressions are evaluated, so that a payload is what a function would really get.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonata import Jsonata

from jobs.runtime import JobArguments, parse_arguments
from shared import checkpointing
from shared.alert import ALERT_REQUEST, Alert, RunCompleted, RunFailed
from shared.checkpoint import FailureReport
from shared.job_event import JobEvent
from shared.layout import STAGE_OF_STATE, Stage, reference_prefix, stage_prefix

ROOT = Path(__file__).parents[2]
DEFINITION = ROOT / "infra" / "pipeline.asl.json"
TWELVE = {
    "StartTimer", "ValidateCSV", "CheckValidationResult", "CheckTimeout", "ReconcileData", "PrepareQuickSight",
    "SaveCheckpoint", "TimeoutFailure", "NotifySuccess", "NotifyFailure", "Success", "Failure",
}  # fmt: skip
GLUE_TASKS = ("ValidateCSV", "ReconcileData", "PrepareQuickSight")
LAMBDA_TASKS = ("SaveCheckpoint", "TimeoutFailure", "NotifySuccess", "NotifyFailure")
PLAIN_ALERTS = ("AlertSuccessPlainly", "AlertFailurePlainly")
TASKS = GLUE_TASKS + LAMBDA_TASKS + PLAIN_ALERTS
JOB_OF_STATE = {
    "ValidateCSV": "ValidationJob",
    "ReconcileData": "ReconciliationJob",
    "PrepareQuickSight": "QuickSightPrepJob",
}
JOB_ID = "JOB-20260216-default-0123456789abcdef"
MANUAL_INPUT = {
    "job_id": JOB_ID,
    "bucket_name": "reconciliation-ingress-123456789012-sa-east-1",
    "object_key": "2026-02-16/extrato.csv",
    "file_hash": "0123456789abcdef" * 4,
}
FULL_INPUT = JobEvent(
    **MANUAL_INPUT,  # type: ignore[arg-type]
    object_version="v.1",
    object_size=12,
    profile="inter",
    attempt=2,
    force=True,
    reason="refazer",
).model_dump(mode="json")


@pytest.fixture(scope="session")
def substitutions(template: Any) -> dict[str, str]:
    values = template.properties("Pipeline")["DefinitionSubstitutions"]
    return {name: str(value) for name, value in values.items()}


@pytest.fixture(scope="session")
def deployed(substitutions: dict[str, str]) -> dict[str, Any]:
    """The definition as AWS gets it."""
    text = re.sub(r"\$\{(\w+)\}", lambda found: substitutions[found[1]], DEFINITION.read_text())
    states: dict[str, Any] = json.loads(text)["States"]
    return states


# Evaluation


def context(state: str, began: datetime | None = None, **execution: Any) -> dict[str, Any]:
    arn = f"arn:aws:states:sa-east-1:123456789012:execution:reconciliation-pipeline:{JOB_ID}-R2"
    now = datetime.now(UTC)
    start = {"Id": arn, "Name": f"{JOB_ID}-R2", "StartTime": instant(began or now)}
    return {"Execution": start | execution, "State": {"Name": state, "EnteredTime": instant(now)}}


def instant(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def evaluate(written: Any, states: dict[str, Any], variables: dict[str, Any]) -> Any:
    if isinstance(written, dict):
        return {key: evaluate(value, states, variables) for key, value in written.items()}
    if not (isinstance(written, str) and written.startswith("{%")):
        return written
    expression = Jsonata(written.removeprefix("{%").removesuffix("%}"))
    frame = expression.create_frame()
    for name, value in {**variables, "states": states}.items():
        frame.bind(name, value)
    return expression.evaluate(None, frame)


def started(deployed: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """The variables of a run after StartTimer."""
    states = {"input": event, "context": context("StartTimer")}
    variables: dict[str, Any] = evaluate(deployed["StartTimer"]["Assign"], states, {})
    return variables


def failed(
    deployed: dict[str, Any], state: str, error: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    """Where a task's error leads, and the variables there."""
    variables = started(deployed, FULL_INPUT)
    catch = next(
        c
        for c in deployed[state]["Catch"]
        if {error["Error"], "States.ALL"} & set(c["ErrorEquals"])
    )
    states = {"input": FULL_INPUT, "errorOutput": error, "context": context(state)}
    return catch["Next"], variables | evaluate(catch["Assign"], states, variables)


def payload(
    deployed: dict[str, Any], state: str, variables: dict[str, Any], **execution: Any
) -> Any:
    states = {"input": {}, "context": context(state, **execution)}
    return evaluate(deployed[state]["Arguments"]["Payload"], states, variables)


# The document


def test_asl_validator_takes_it() -> None:
    validator = ROOT / ".tools" / "bin" / "asl-validator"
    found = subprocess.run(
        [validator, "--json-path", DEFINITION], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_no_key_is_written_twice() -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    json.loads(DEFINITION.read_text(), object_pairs_hook=unique)


def test_every_substitution_is_given_and_used(substitutions: dict[str, str]) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", DEFINITION.read_text())) == set(substitutions)


def test_the_states_are_the_promised_twelve_and_the_two_plain_alerts(
    definition: dict[str, Any],
) -> None:
    assert set(definition["States"]) == TWELVE | set(PLAIN_ALERTS)
    assert set(PLAIN_ALERTS) == checkpointing.PLAIN_ALERTS
    assert definition["QueryLanguage"] == "JSONata"
    tasks = {name for name, state in definition["States"].items() if state["Type"] == "Task"}
    assert tasks == set(TASKS)


# The graph


def successors(state: dict[str, Any]) -> Iterator[str]:
    for branch in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (branch[key] for key in ("Next", "Default") if key in branch)


def test_every_next_exists_every_state_is_reached_and_can_end(definition: dict[str, Any]) -> None:
    states = definition["States"]
    reached, waiting = set(), [definition["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(successors(states[name]))
    assert reached == set(states)
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    assert ends == {"Success", "Failure"}
    assert all(name in ends or any(successors(state)) for name, state in states.items())


def test_the_way_of_a_file_that_meets_no_trouble(definition: dict[str, Any]) -> None:
    states, name, way = definition["States"], definition["StartAt"], []
    while name not in way:
        way.append(name)
        choices = states[name].get("Choices", [])
        if name == "CheckValidationResult":
            name = choices[0]["Next"]
        else:
            name = states[name].get("Next") or states[name].get("Default") or name
    assert way == [
        "StartTimer", "ValidateCSV", "CheckValidationResult", "CheckTimeout", "ReconcileData", "PrepareQuickSight",
        "NotifySuccess", "Success",
    ]  # fmt: skip


def test_a_failed_run_is_kept_then_told_then_failed_whatever_else_fails(
    definition: dict[str, Any],
) -> None:
    states = definition["States"]
    ways = {
        name: (states[name]["Next"], states[name]["Catch"][-1]["Next"])
        for name in LAMBDA_TASKS + PLAIN_ALERTS
    }
    assert ways == {
        "SaveCheckpoint": ("NotifyFailure", "NotifyFailure"),
        "TimeoutFailure": ("NotifyFailure", "SaveCheckpoint"),
        "NotifyFailure": ("Failure", "AlertFailurePlainly"),
        "AlertFailurePlainly": ("Failure", "Failure"),
        "NotifySuccess": ("Success", "AlertSuccessPlainly"),
        "AlertSuccessPlainly": ("Success", "Success"),
    }


# Tasks


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_a_time_limit_and_catches_everything(
    definition: dict[str, Any], name: str
) -> None:
    task = definition["States"][name]
    assert task["TimeoutSeconds"]
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_repeats_only_what_is_the_services_own_and_may_pass(
    definition: dict[str, Any], name: str
) -> None:
    (retry,) = definition["States"][name]["Retry"]
    service = definition["States"][name]["Resource"].split(":::")[1].split(":")[0]
    assert all(error.lower().startswith(f"{service}.") for error in retry["ErrorEquals"])
    assert retry["JitterStrategy"] == "FULL"
    assert retry["MaxAttempts"] * retry["MaxDelaySeconds"] <= 300


@pytest.mark.parametrize("name", GLUE_TASKS)
def test_a_glue_task_tells_running_out_of_time_from_failing(
    definition: dict[str, Any], name: str
) -> None:
    task = definition["States"][name]
    assert task["Resource"] == "arn:aws:states:::glue:startJobRun.sync"
    assert [(c["ErrorEquals"], c["Next"]) for c in task["Catch"]] == [
        (["States.Timeout"], "TimeoutFailure"),
        (["States.ALL"], "SaveCheckpoint"),
    ]
    failures = [c["Assign"]["failure"] for c in task["Catch"]]
    # Literal: in the state that reports it, the context names that state.
    assert [(f["state"], f["status"]) for f in failures] == [(name, "TIMED_OUT"), (name, "FAILED")]


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_a_function_ends_before_its_task_does_so_that_its_own_error_is_told(
    deployed: dict[str, Any], template: Any, name: str
) -> None:
    function = deployed[name]["Arguments"]["FunctionName"].removesuffix(".Arn")
    (timeout,) = (
        f["Timeout"]
        for f in template.of_type("AWS::Serverless::Function").values()
        if f["FunctionName"] == function
    )
    assert timeout < deployed[name]["TimeoutSeconds"]


# The clock


def test_every_deadline_is_the_same_expression(definition: dict[str, Any]) -> None:
    assert len({definition["States"][name]["TimeoutSeconds"] for name in GLUE_TASKS}) == 1


@pytest.mark.parametrize(
    ("elapsed", "left"), [(0, 1200), (100.2, 1099), (1199.5, 1), (1200, 1), (90_000, 1)]
)
def test_a_task_gets_the_whole_seconds_that_are_left_and_at_least_one(
    deployed: dict[str, Any], elapsed: float, left: int
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=elapsed)
    states = {"context": context("ValidateCSV", began)}
    seconds = evaluate(
        deployed["ValidateCSV"]["TimeoutSeconds"], states, started(deployed, FULL_INPUT)
    )
    assert seconds in (left, max(1, left - 1))  # a moment passes between the two clocks
    assert isinstance(seconds, int)


def test_a_redriven_run_gets_a_new_clock(deployed: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    redriven = context("ValidateCSV", now - timedelta(days=1), RedriveTime=instant(now))
    variables = started(deployed, FULL_INPUT)
    seconds = evaluate(deployed["ValidateCSV"]["TimeoutSeconds"], {"context": redriven}, variables)
    assert seconds >= 1198
    late = evaluate(
        deployed["CheckTimeout"]["Choices"][0]["Condition"], {"context": redriven}, variables
    )
    assert late is False


@pytest.mark.parametrize(("elapsed", "late"), [(0, False), (1190, False), (1200, True)])
def test_no_job_is_started_after_the_limit(
    deployed: dict[str, Any], elapsed: int, late: bool
) -> None:
    (choice,) = deployed["CheckTimeout"]["Choices"]
    states = {"context": context("CheckTimeout", datetime.now(UTC) - timedelta(seconds=elapsed))}
    assert evaluate(choice["Condition"], states, started(deployed, FULL_INPUT)) is late
    assert choice["Next"] == "TimeoutFailure"


def test_the_backstop_leaves_time_to_tell(definition: dict[str, Any], template: Any) -> None:
    assert definition["TimeoutSeconds"] == template.parameters["LimitSeconds"]["MaxValue"] + 300


# Jobs


def arguments_model(stage: Stage) -> type[JobArguments]:
    """What the job's own script parses its arguments with."""
    script = importlib.import_module(f"jobs.{stage.replace('-', '_')}.__main__")
    (model,) = (
        value
        for value in vars(script).values()
        if isinstance(value, type) and issubclass(value, JobArguments) and value is not JobArguments
    )
    return model


def job_arguments(deployed: dict[str, Any], state: str, event: dict[str, Any]) -> dict[str, str]:
    states = {"input": event, "context": context(state)}
    written = deployed[state]["Arguments"]["Arguments"]
    arguments: dict[str, str] = evaluate(written, states, started(deployed, event))
    return arguments


@pytest.mark.parametrize("state", GLUE_TASKS)
def test_a_job_gets_all_it_needs_and_nothing_it_does_not_know_but_its_upload(
    deployed: dict[str, Any], template: Any, state: str
) -> None:
    glues_own = {
        "--extra-py-files", "--additional-python-modules", "--job-bookmark-option", "--custom-logGroup-prefix",
    }  # fmt: skip
    # Each run says which upload it is about, whether or not the job looks.
    upload = {"--bucket_name", "--object_key", "--file_hash", "--object_version"}
    standing = template.properties(JOB_OF_STATE[state])["DefaultArguments"].keys() - glues_own
    given = job_arguments(deployed, state, FULL_INPUT).keys() | standing
    fields = arguments_model(STAGE_OF_STATE[state]).model_fields
    assert given >= {f"--{name}" for name, field in fields.items() if field.is_required()}
    assert given - {f"--{name}" for name in fields} <= upload <= given


@pytest.mark.parametrize("state", GLUE_TASKS)
@pytest.mark.parametrize("event", [MANUAL_INPUT, FULL_INPUT], ids=["by hand", "full"])
def test_a_job_can_read_its_arguments(
    deployed: dict[str, Any], template: Any, state: str, event: dict[str, Any]
) -> None:
    arguments = (
        job_arguments(deployed, state, event)
        | template.properties(JOB_OF_STATE[state])["DefaultArguments"]
    )
    assert all(isinstance(value, str) for value in arguments.values())
    argv = [word for pair in arguments.items() for word in pair]
    parsed = parse_arguments(argv, arguments_model(STAGE_OF_STATE[state]))
    assert (parsed.job_id, parsed.execution_name) == (JOB_ID, f"{JOB_ID}-R2")
    assert parsed.force is event.get("force", False)
    assert parsed.profile == event.get("profile", "default")


@pytest.mark.parametrize("state", GLUE_TASKS)
def test_stages_lie_where_the_layout_says(
    deployed: dict[str, Any], template: Any, state: str
) -> None:
    arguments = job_arguments(deployed, state, FULL_INPUT)
    bucket = template.properties("DataBucket")["BucketName"]
    paths = {
        "--output_path": STAGE_OF_STATE[state],
        "--validated_data_path": Stage.VALIDATION,
        "--divergences_path": Stage.RECONCILIATION,
    }
    for name in paths.keys() & arguments.keys():
        prefix = stage_prefix(JOB_ID, f"{JOB_ID}-R2", paths[name])
        assert arguments[name] == f"s3://{bucket}/{prefix}".rstrip("/")


def test_references_are_looked_for_where_the_layout_says(
    deployed: dict[str, Any], template: Any
) -> None:
    bucket = template.properties("DataBucket")["BucketName"]
    found = job_arguments(deployed, "ValidateCSV", FULL_INPUT)["--reference_path"]
    assert found == f"s3://{bucket}/{reference_prefix('inter')}".rstrip("/")


def test_each_state_runs_its_own_job(deployed: dict[str, Any], template: Any) -> None:
    assert STAGE_OF_STATE.keys() == set(GLUE_TASKS)
    for state, job in JOB_OF_STATE.items():
        assert deployed[state]["Arguments"]["JobName"] == template.properties(job)["Name"]


@pytest.mark.parametrize("ending", ["STOPPED", "FAILED", "TIMEOUT", "EXPIRED"])
@pytest.mark.parametrize("state", GLUE_TASKS)
def test_a_job_that_did_not_succeed_fails_its_own_task(
    deployed: dict[str, Any], state: str, ending: str
) -> None:
    run = {"Id": "jr_1", "JobRunState": ending}
    with pytest.raises(Exception, match=f"A execução jr_1 do Glue terminou como {ending}"):
        evaluate(deployed[state]["Output"], {"result": run}, {})
    good = evaluate(deployed[state]["Output"], {"result": run | {"JobRunState": "SUCCEEDED"}}, {})
    assert good == {"JobRunState": "SUCCEEDED", "JobRunId": "jr_1"}


# Events, payloads, alerts


def test_four_fields_start_a_run_and_the_rest_are_the_models_defaults(
    deployed: dict[str, Any],
) -> None:
    variables = started(deployed, MANUAL_INPUT)
    assert JobEvent.model_validate(variables["job"]) == JobEvent.model_validate(MANUAL_INPUT)
    assert variables["limit"] == 1200


def test_the_input_wins_over_the_defaults(deployed: dict[str, Any]) -> None:
    assert started(deployed, FULL_INPUT)["job"] == FULL_INPUT


def test_without_a_job_id_the_executions_name_is_it(deployed: dict[str, Any]) -> None:
    assert started(deployed, {})["job"]["job_id"] == f"{JOB_ID}-R2"


@pytest.mark.parametrize("state", GLUE_TASKS)
@pytest.mark.parametrize(
    ("error", "reporter", "status"),
    [
        (
            {"Error": "States.TaskFailed", "Cause": '{"JobRunState": "FAILED"}'},
            "SaveCheckpoint",
            "FAILED",
        ),
        ({"Error": "Glue.EntityNotFoundException"}, "SaveCheckpoint", "FAILED"),
        ({"Error": "States.Timeout"}, "TimeoutFailure", "TIMED_OUT"),
    ],
)
def test_checkpoint_and_timeout_handler_get_a_report_of_the_state_that_failed(
    deployed: dict[str, Any], state: str, error: dict[str, str], reporter: str, status: str
) -> None:
    where, variables = failed(deployed, state, error)
    assert where == reporter
    sent = payload(deployed, where, variables)
    report = FailureReport.model_validate(sent)
    assert (report.state, report.status) == (state, status)
    assert report.error.Error == error["Error"]
    assert report.error.Cause == error.get("Cause", "")
    assert report.job == JobEvent.model_validate(FULL_INPUT)
    assert report.execution_name == f"{JOB_ID}-R2"
    assert report.reason == ("Timeout de 20 minutos excedido" if status == "TIMED_OUT" else None)
    assert sent.keys() <= FailureReport.model_fields.keys()


@pytest.mark.parametrize("location", [None, "s3://checkpoints/JOB/checkpoint.json"])
def test_the_notifier_gets_the_failure_with_or_without_a_checkpoint(
    deployed: dict[str, Any], location: str | None
) -> None:
    _, variables = failed(deployed, "ReconcileData", {"Error": "States.TaskFailed", "Cause": "x"})
    sent = payload(
        deployed, "NotifyFailure", variables | {"checkpoint_location": location}, RedriveCount=1
    )
    request = ALERT_REQUEST.validate_python(sent)
    assert isinstance(request, RunFailed)
    assert (request.state, request.status, request.redrive_count) == ("ReconcileData", "FAILED", 1)
    assert request.checkpoint_location == location
    assert sent.keys() <= RunFailed.model_fields.keys()


def test_the_notifier_gets_the_run_that_completed(deployed: dict[str, Any]) -> None:
    sent = payload(deployed, "NotifySuccess", started(deployed, FULL_INPUT))
    request = ALERT_REQUEST.validate_python(sent)
    assert isinstance(request, RunCompleted)
    assert request.job == JobEvent.model_validate(FULL_INPUT)
    assert (request.execution_name, request.redrive_count) == (f"{JOB_ID}-R2", 0)
    assert sent.keys() <= RunCompleted.model_fields.keys()


def test_what_checks_send_to_the_failure_path_is_a_failure_too(deployed: dict[str, Any]) -> None:
    check = deployed["CheckValidationResult"]
    states = {"input": {"JobRunState": "ODD"}, "context": context("CheckValidationResult")}
    variables = started(deployed, FULL_INPUT) | evaluate(check["Assign"], states, {})
    report = FailureReport.model_validate(payload(deployed, check["Default"], variables))
    assert (report.state, report.status) == ("ValidateCSV", "FAILED")

    (late,) = deployed["CheckTimeout"]["Choices"]
    variables = started(deployed, FULL_INPUT) | late["Assign"]
    report = FailureReport.model_validate(payload(deployed, late["Next"], variables))
    assert (report.state, report.status) == ("CheckTimeout", "TIMED_OUT")


@pytest.mark.parametrize(
    ("state", "severity", "status", "message"),
    [
        ("AlertSuccessPlainly", "WARNING", "SUCCESS", "Conciliação concluída com sucesso"),
        ("AlertFailurePlainly", "CRITICAL", "FAILED", "Falha no processamento de conciliação"),
    ],
)
def test_the_plain_alerts_are_alerts_that_sns_takes(
    deployed: dict[str, Any], state: str, severity: str, status: str, message: str
) -> None:
    _, variables = failed(deployed, "ReconcileData", {"Error": "States.TaskFailed", "Cause": "x"})
    states = {"input": {}, "context": context(state)}
    sent = evaluate(deployed[state]["Arguments"], states, variables)
    alert = Alert.model_validate(sent["Message"])
    assert (alert.severity, alert.status, alert.message) == (severity, status, message)
    assert (alert.job_id, alert.profile) == (JOB_ID, "inter")
    attributes = {name: each["StringValue"] for name, each in sent["MessageAttributes"].items()}
    assert attributes == {
        name: getattr(alert, name) for name in ("kind", "severity", "status", "profile", "job_id")
    }
    assert (
        sent["Subject"].isascii() and 0 < len(sent["Subject"]) < 100 and "\n" not in sent["Subject"]
    )


def test_the_run_fails_with_the_error_it_failed_of(deployed: dict[str, Any]) -> None:
    _, variables = failed(deployed, "ValidateCSV", {"Error": "E" * 300, "Cause": "c" * 40_000})
    end = {
        key: evaluate(deployed["Failure"][key], {"input": {}}, variables)
        for key in ("Error", "Cause")
    }
    assert end["Error"] == "E" * 256
    assert 0 < len(end["Cause"]) <= 32_768
