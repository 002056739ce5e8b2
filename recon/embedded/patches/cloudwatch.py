"""AWS/States metrics, which MiniStack does not emit, so that the pipeline's alarms have something
to look at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ministack.services import cloudwatch, stepfunctions

from recon.embedded.patches.replace import replaces

STARTED = "ExecutionsStarted"
ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


# Names, dimension and milliseconds as in the developer guide, "CloudWatch metrics". MiniStack
# evaluates alarms only when somebody puts metric data, so this evaluates them; it still knows
# neither dimensions nor time.
@replaces(stepfunctions, "_emit_execution_status_event")
def emit_metrics(original: Any, execution: dict[str, Any]) -> None:
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    metric = ENDED.get(execution["status"], STARTED)
    cloudwatch.record_metric("AWS/States", metric, 1, "Count", dimensions)
    if metric != STARTED:
        start, stop = (datetime.fromisoformat(execution[k]) for k in ("startDate", "stopDate"))
        took = (stop - start).total_seconds() * 1000
        cloudwatch.record_metric("AWS/States", "ExecutionTime", took, "Milliseconds", dimensions)
    original(execution)
    cloudwatch._evaluate_all_alarms()
