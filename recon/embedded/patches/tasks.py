"""One attempt of a Task state: its timeout, its permissions, its entry in the history, and forced
faults.
"""

from __future__ import annotations

import json
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_region
from ministack.services import stepfunctions

from recon.embedded.patches import faults, iam
from recon.embedded.patches.replace import replaces

TaskError = stepfunctions._ExecutionError


@dataclass(frozen=True)
class Task:
    """What runs in this thread; MiniStack hands its integrations only resource and arguments."""

    definition: dict[str, Any]
    raw_input: Any
    execution: dict[str, Any]
    context: dict[str, Any]

    @property
    def state(self) -> str:
        return str(self.context["State"]["Name"])

    @property
    def attempt(self) -> int:
        return int(self.context["State"]["RetryCount"])

    @property
    def state_machine(self) -> dict[str, Any]:
        found: dict[str, Any] = stepfunctions._state_machines[self.execution["stateMachineArn"]]
        return found


CURRENT: ContextVar[Task | None] = ContextVar("task", default=None)


@replaces(stepfunctions, "_execute_task")
def remember_the_task(
    original: Any, definition: Any, raw_input: Any, execution: Any, context: Any
) -> Any:
    # TestState and synchronous executions pass no stored execution: no faults, no roles there.
    stored = execution and execution.get("stateMachineArn") in stepfunctions._state_machines
    token = CURRENT.set(Task(definition, raw_input, execution, context) if stored else None)
    try:
        return original(definition, raw_input, execution, context)
    finally:
        CURRENT.reset(token)


# TimeoutSeconds may be a JSONata expression that yields a positive integer; anything else is a
# States.QueryEvaluationError that Catch sees (AWS's recorded answers in LocalStack's
# test_base_evaluate_expressions). MiniStack dies on the text. Evaluated for each attempt, as
# LocalStack does; AWS does not say.
@replaces(stepfunctions, "_invoke_resource_with_timeout")
def evaluate_timeout_expression(original: Any, resource: str, arguments: Any, timeout: Any) -> Any:
    task = CURRENT.get()
    if task and isinstance(timeout, str):
        timeout = stepfunctions._jsonata_state_field(
            task.definition, "TimeoutSeconds", "number", task.raw_input, task.context
        )
        if timeout < 1 or timeout != int(timeout):
            raise TaskError(
                "States.QueryEvaluationError",
                "The JSONata expression specified for the field 'TimeoutSeconds' must return a "
                f"positive integer, but returned {timeout}",
            )
    return original(resource, arguments, timeout)


@replaces(stepfunctions, "_invoke_resource")
def invoke(original: Any, resource: str, arguments: Any) -> Any:
    task = CURRENT.get()
    if task is None:
        return original(resource, arguments)
    if task.execution["status"] != "RUNNING":
        # Stopped while it waited for its next try: AWS starts nothing any more, and no Retry
        # matches States.Runtime.
        raise TaskError("States.Runtime", "the execution has ended")
    _describe_in_history(task, resource, arguments)
    fault = faults.fault_for(task.state_machine["name"], task.state, task.attempt)
    if fault:
        time.sleep(fault.seconds)
        if fault.error is not None:
            raise TaskError(fault.error, fault.cause)
        if fault.result is not None:
            return fault.result
    iam.require_permissions(task.state_machine["roleArn"], resource, arguments)
    return original(resource, arguments)


# TaskScheduled carries the evaluated arguments (GetExecutionHistory's TaskScheduledEventDetails);
# `recon show` and the tests read them there. MiniStack has only the resource.
def _describe_in_history(task: Task, resource: str, arguments: Any) -> None:
    scheduled = next(e for e in reversed(task.execution["events"]) if e["type"] == "TaskScheduled")
    service, _, action = resource.removeprefix("arn:aws:states:::").partition(":")
    scheduled["taskScheduledEventDetails"] = {
        "resourceType": service,
        "resource": action,
        "region": get_region(),
        "parameters": json.dumps(arguments, ensure_ascii=False),
    }
