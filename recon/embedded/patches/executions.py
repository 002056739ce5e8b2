"""An execution's life: how it starts, that it ends in time, and that an ended one stays ended."""

from __future__ import annotations

import contextvars
import json
import re
import threading
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

from recon.embedded.patches.replace import replaces

# The API's own list of refused characters in names (StartExecution, API reference), and its length.
INVALID_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
CLOSING_EVENTS = (
    "ExecutionSucceeded",
    "ExecutionFailed",
    "ExecutionTimedOut",
    "ExecutionAborted",
)


# StartExecution is idempotent while the execution runs: same name and input answer 200 with the
# original's ARN and start (API reference; LocalStack's recorded test_start_execution_idempotent).
# MiniStack refuses, and accepts any name and input.
@replaces(stepfunctions, "_start_execution")
def start_once(original: Any, request: dict[str, Any]) -> Any:
    name, text = request.get("name"), request.get("input", "{}")
    if name is not None and (not 1 <= len(name) <= 80 or INVALID_NAME.search(name)):
        return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error_response_json("InvalidExecutionInput", f"Invalid input: {error}", 400)
    asked = request.get("stateMachineArn", "").split("#")[0]  # "#name" selects a mocked test case
    machine = stepfunctions._resolve_state_machine_arn(asked) or ""
    running = stepfunctions._executions.get(
        f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    )
    if running and running["status"] == "RUNNING" and running["input"] == text:
        return json_response({k: running[k] for k in ("executionArn", "startDate")})
    return original(request)


# The definition's TimeoutSeconds ends the execution as TIMED_OUT, with no Catch and no state run
# (LocalStack's recorded test_global_timeout). MiniStack ignores it.
@replaces(stepfunctions, "_run_execution")
def time_out(original: Any, execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn, {})
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn"))
    limit = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None

    def expire() -> None:
        if execution["status"] == "RUNNING":
            execution.update(status="TIMED_OUT", stopDate=now_iso())
            stepfunctions._add_event(
                execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}}
            )
            stepfunctions._emit_execution_status_event(execution)

    timer = threading.Timer(limit or 0, contextvars.copy_context().run, (expire,))
    timer.daemon = True
    if limit:
        timer.start()
    try:
        original(execution_arn)
    finally:
        timer.cancel()


# A task that ends after its execution was stopped or timed out changes neither the status nor the
# history.
@replaces(stepfunctions, "_fail_execution")
def ended_stays_ended(original: Any, execution: dict[str, Any], error: str, cause: str) -> None:
    if execution["status"] == "RUNNING":
        original(execution, error, cause)


# A task's timeout is a TaskTimedOut event (LocalStack's recorded test_timeouts); MiniStack writes
# TaskFailed.
@replaces(stepfunctions, "_add_event")
def history_as_recorded(
    original: Any, execution: dict[str, Any], event_type: str, details: Any = None
) -> Any:
    events = execution["events"]
    if events and events[-1]["type"] in CLOSING_EVENTS:
        return {}
    failure = (details or {}).get("taskFailedEventDetails", {})
    if event_type == "TaskFailed" and failure.get("error") == "States.Timeout":
        return original(execution, "TaskTimedOut", {"taskTimedOutEventDetails": failure})
    return original(execution, event_type, details)


# A thread of an execution that a reset forgot must not go on in what is deployed next under the
# same names.
@replaces(stepfunctions, "reset")
def reset_ends_executions(original: Any) -> None:
    for execution in stepfunctions._executions.all_values():
        if execution["status"] == "RUNNING":
            execution["status"] = "ABORTED"
    original()
