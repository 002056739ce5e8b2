"""The real state machine on the embedded AWS, each integration faked: what a test gives it, and what it sees of a run.

A fake takes the place of the service's answer alone. Arguments, Output, Assign, Retry, Catch and the time limits are
evaluated by the interpreter.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.faults import Fault
from shared.alert import ALERT_REQUEST, AlertRequest
from shared.checkpoint import FailureReport

DEFINITION = Path(__file__).parents[2] / "infra" / "pipeline.asl.json"
RUN_SECONDS = 20.0
CHECKPOINT = "s3://checkpoints/JOB/checkpoint.json"
ORDINARY = object()
SUBSTITUTIONS = {
    "ValidationJob": "the-validation-job",
    "ReconciliationJob": "the-reconciliation-job",
    "QuickSightPrepJob": "the-quicksight-prep-job",
    "CheckpointFunction": "the-checkpoint-function",
    "TimeoutHandlerFunction": "the-timeout-handler",
    "NotifierFunction": "the-notifier",
    "DataBucket": "the-data-bucket",
}
GLUE_TASKS = ("ValidateCSV", "ReconcileData", "PrepareQuickSight")
STARTED = ["StartTimer", "ValidateCSV"]
UP_TO = {
    "ValidateCSV": STARTED,
    "ReconcileData": [*STARTED, "CheckValidationResult", "CheckTimeout", "ReconcileData"],
    "PrepareQuickSight": [
        *STARTED, "CheckValidationResult", "CheckTimeout", "ReconcileData", "PrepareQuickSight",
    ],
}  # fmt: skip
COMPLETED = [*UP_TO["PrepareQuickSight"], "NotifySuccess"]


def glue_run(state: str = "SUCCEEDED", **fields: Any) -> dict[str, Any]:
    return {"Id": f"jr_{uuid.uuid4().hex}", "JobName": "a-job", "JobRunState": state, **fields}


def answer(payload: Any = None) -> dict[str, Any]:
    """A function's answer, as lambda:invoke hands it over."""
    return {"StatusCode": 200, "Payload": payload}


EVERYTHING_WORKS = (
    *(Fault(state=state, result=glue_run()) for state in GLUE_TASKS),
    Fault(state="SaveCheckpoint", result=answer({"checkpoint_location": CHECKPOINT})),
    Fault(state="TimeoutFailure", result=answer({"checkpoint_location": CHECKPOINT})),
    Fault(state="NotifySuccess", result=answer({})),
    Fault(state="NotifyFailure", result=answer({})),
)


def event(**fields: Any) -> dict[str, Any]:
    """The least that a run is started with by hand."""
    return {
        "job_id": f"JOB-20260216-default-{uuid.uuid4().hex[:16]}",
        "bucket_name": "the-ingress-bucket",
        "object_key": "2026-02-16/extrato ção.csv",
        "file_hash": "0123456789abcdef" * 4,
        **fields,
    }


@dataclass(frozen=True)
class Run:
    """One that ended, as its history tells it."""

    arn: str
    name: str
    status: str
    error: str | None
    cause: str | None
    states: list[str] = field(default_factory=list)
    attempts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def arguments(self, state: str) -> dict[str, Any]:
        """What the integration was handed, where it was called once."""
        (arguments,) = self.attempts[state]
        return arguments

    def payload(self, state: str) -> dict[str, Any]:
        """What the function was handed, the last time if it was called again."""
        payload: dict[str, Any] = self.attempts[state][-1]["Payload"]
        return payload

    def reported(self, state: str = "SaveCheckpoint") -> FailureReport:
        return FailureReport.model_validate(self.payload(state))

    def told(self, state: str = "NotifyFailure") -> AlertRequest:
        return ALERT_REQUEST.validate_python(self.payload(state))


class Pipeline:
    def __init__(self, aws: EmbeddedAWS) -> None:
        self.topic_arn: str = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
        self._aws = aws
        self._states = aws.client("stepfunctions")
        self._machines: dict[float, str] = {}

    def run(
        self, *faults: Fault, given: Any = ORDINARY, limit: float = 1200, name: str | None = None
    ) -> Run:
        """What no fault of the test's replaces works."""
        self._aws.fault(*faults, *EVERYTHING_WORKS)
        arn = self._states.start_execution(
            stateMachineArn=self._machine(limit),
            name=name or f"run-{uuid.uuid4().hex}",
            input=json.dumps(event() if given is ORDINARY else given),
        )["executionArn"]
        return self._ended(arn)

    def state(self, name: str, given: Any = None, **context: Any) -> dict[str, Any]:
        """One state alone, which needs no integration, in a context that no execution here can have."""
        definition = json.loads(self._definition(1200))
        return self.evaluate(definition["States"][name], given, **context)

    def evaluate(self, state: dict[str, Any], given: Any = None, **context: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._states.test_state(
            definition=json.dumps(state | {"QueryLanguage": "JSONata"}),
            input=json.dumps(given),
            # The emulator takes the variables from the context; AWS has a parameter for them.
            context=json.dumps(context),
        )
        return found

    def _definition(self, limit: float) -> str:
        values = SUBSTITUTIONS | {"TopicArn": self.topic_arn, "LimitSeconds": str(limit)}
        return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], DEFINITION.read_text("utf-8"))

    def _machine(self, limit: float) -> str:
        if limit not in self._machines:
            self._machines[limit] = self._states.create_state_machine(
                name=f"pipeline-{limit}".replace(".", "-"),
                roleArn="arn:aws:iam::000000000000:role/any",
                definition=self._definition(limit),
            )["stateMachineArn"]
        return self._machines[limit]

    def _ended(self, arn: str) -> Run:
        def closed() -> dict[str, Any] | None:
            found: dict[str, Any] = self._states.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        found = until(closed, RUN_SECONDS)
        run = Run(arn, found["name"], found["status"], found.get("error"), found.get("cause"))
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        for past in (past for page in pages for past in page["events"]):
            if "stateEnteredEventDetails" in past:
                run.states.append(past["stateEnteredEventDetails"]["name"])
            elif past["type"] == "TaskScheduled":
                arguments = json.loads(past["taskScheduledEventDetails"]["parameters"])
                run.attempts.setdefault(run.states[-1], []).append(arguments)
        return run


def until(condition: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")
