"""What `recon check` says of a state machine's definition, ours and ones that lost something."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from recon.machine import OURS, answers, calls, log_group, traced
from tests.stack_case import STACK


def deployed() -> Any:
    """As CloudFormation deploys it: each `${Name}` with its value."""
    text = OURS.read_text(encoding="utf-8").replace("${LimitSeconds}", "1200")
    for name in ("ValidationJob", "ReconciliationJob", "QuickSightPrepJob", "DataBucket"):
        text = text.replace(f"${{{name}}}", name.lower())
    for name in ("CheckpointFunction", "TimeoutHandlerFunction", "NotifierFunction", "TopicArn"):
        text = text.replace(f"${{{name}}}", f"arn:{name}")
    assert "${" not in text
    return json.loads(text)


def told(definition: Any) -> dict[str, tuple[bool | None, str]]:
    return {answer.line: (answer.held, answer.why) for answer in answers(definition)}


def test_the_definition_as_it_is_deployed_holds_in_every_line() -> None:
    assert [held for held, _ in told(deployed()).values()] == [True] * 4


def without(state: str, key: str) -> Callable[[Any], None]:
    return lambda definition: definition["States"][state].pop(key)


def broad_retry(definition: Any) -> None:
    definition["States"]["ReconcileData"]["Retry"][0]["ErrorEquals"] = ["States.ALL"]


def narrow_catch(definition: Any) -> None:
    del definition["States"]["NotifySuccess"]["Catch"][0]


def short(definition: Any) -> None:
    assign = definition["States"]["StartTimer"]["Assign"]
    assign["limit"] = assign["limit"].replace("1200", "600")


@pytest.mark.parametrize(
    ("change", "line", "why"),
    [
        (without("CheckTimeout", "Comment"), "State Machine criada", "CheckTimeout"),
        (lambda d: d["States"].pop("CheckTimeout"), "State Machine criada", "CheckTimeout"),
        (lambda d: d.pop("TimeoutSeconds"), "State Machine criada", "o topo"),
        (without("ValidateCSV", "TimeoutSeconds"), "Timeout de 20 minutos", "ValidateCSV"),
        (short, "Timeout de 20 minutos", "600 s para o trabalho"),
        (without("SaveCheckpoint", "Retry"), "Retry policies", "sem Retry: SaveCheckpoint"),
        (broad_retry, "Retry policies", "mais que erros transitórios: ReconcileData"),
        (without("NotifyFailure", "Catch"), "Error handling", "NotifyFailure"),
        (narrow_catch, "Error handling", "NotifySuccess"),
    ],
)
def test_what_a_definition_lost_fails_its_line_and_is_named(
    change: Callable[[Any], None], line: str, why: str
) -> None:
    definition = deployed()
    change(definition)
    failed = {name: said for name, (held, said) in told(definition).items() if held is False}
    assert [said for name, said in failed.items() if name.startswith(line)]
    assert why in next(said for name, said in failed.items() if name.startswith(line))


def test_a_value_may_be_any_but_not_another_shape() -> None:
    definition = deployed()
    definition["States"]["ValidateCSV"]["Arguments"]["JobName"] = "outra-validation"
    assert all(held for held, _ in told(definition).values())
    definition["States"]["ValidateCSV"]["Arguments"]["JobName"] = {"x": 1}
    assert told(definition)["State Machine criada com definição correta"][0] is False


def test_what_the_role_must_allow_is_what_the_tasks_call() -> None:
    jobs = "arn:aws:glue:sa-east-1:123456789012:job/"
    assert set(calls(deployed(), STACK.state_machine_arn)) == {
        ("glue:StartJobRun", f"{jobs}validationjob"),
        ("glue:StartJobRun", f"{jobs}reconciliationjob"),
        ("glue:StartJobRun", f"{jobs}quicksightprepjob"),
        ("lambda:InvokeFunction", "arn:CheckpointFunction"),
        ("lambda:InvokeFunction", "arn:TimeoutHandlerFunction"),
        ("lambda:InvokeFunction", "arn:NotifierFunction"),
        ("sns:Publish", "arn:TopicArn"),
    }


@pytest.mark.parametrize(
    ("machine", "embedded", "held"),
    [
        ({"tracingConfiguration": {"enabled": True}}, False, True),
        ({"tracingConfiguration": {"enabled": False}}, True, False),
        ({}, False, False),
        ({}, True, None),
    ],
)
def test_tracing_that_cannot_be_asked_is_not_judged(
    machine: dict[str, Any], embedded: bool, held: bool | None
) -> None:
    assert traced(machine, embedded=embedded).held is held


def test_the_log_group_is_that_of_the_machines_own_configuration() -> None:
    arn = "arn:aws:logs:sa-east-1:123456789012:log-group:/aws/stepfunctions/reconciliation:*"
    configured = {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}
    assert log_group(configured) == "/aws/stepfunctions/reconciliation"
    assert log_group({}) is None
