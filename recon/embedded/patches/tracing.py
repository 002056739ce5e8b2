"""The trace header goes on where AWS passes it on: from StartExecution and Invoke to the functions that are called.

MiniStack gives each invocation a trace of its own.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc, stepfunctions

from recon.embedded.patches import tasks
from recon.embedded.patches.replace import replaces

# Of the request that this thread, or the one that started it, answers.
INBOUND: ContextVar[str | None] = ContextVar("trace", default=None)


# A trace header given to StartExecution is the execution's (API reference, traceHeader). The X-Ray SDK sends it as
# X-Amzn-Trace-Id.
@replaces(stepfunctions, "_run_execution")
def an_execution_has_the_trace_of_its_start(original: Any, execution_arn: str) -> None:
    if trace := INBOUND.get():
        stepfunctions._executions[execution_arn]["traceHeader"] = trace
    original(execution_arn)


@replaces(lambda_svc, "_xray_trace_id_for_invocation")
def a_function_has_the_trace_of_its_caller(
    original: Any, config: Any, inbound: str | None = None
) -> str | None:
    task = tasks.CURRENT.get()
    of_execution = task.execution.get("traceHeader") if task else None
    header: str | None = original(config, inbound or of_execution or INBOUND.get())
    return header
