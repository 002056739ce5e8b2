"""`recon logs`: what functions, jobs and the state machine wrote about one execution, in the order of time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from recon.output import Output
from recon.pipeline import Execution, Pipeline, last_of
from shared import ptbr

_BEFORE = timedelta(minutes=5)  # the trigger takes an upload in before its execution starts
_AFTER = timedelta(minutes=10)  # the timeout handler and the tick come after its end
_NO_END = timedelta(days=1)
_REQUEST = "function_request_id"


@dataclass(frozen=True)
class LogLine:
    """source: the log group's name after the stack's."""

    at: datetime
    source: str
    text: str


class Logs:
    """client: service name → boto3 client."""

    def __init__(self, client: Callable[[str], Any], stack_name: str) -> None:
        self._logs = client("logs")
        self._glue = client("glue")
        found = client("cloudformation").describe_stack_resources(StackName=stack_name)
        self._resources = found["StackResources"]

    def of(self, execution: Execution) -> list[LogLine]:
        ended = execution.stopped_at or execution.started_at + _NO_END
        span = (_millis(execution.started_at - _BEFORE), _millis(ended + _AFTER))
        runs = self._glue_runs(execution.name)
        found: list[LogLine] = []
        for group in self._physical("AWS::Logs::LogGroup"):
            if group.startswith("/aws-glue/"):
                events = self._events(group, span, logStreamNames=runs) if runs else iter(())
            else:
                events = self._about(group, span, execution)
            found += (
                LogLine(
                    datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    group.removeprefix("/aws/").removeprefix("/aws-"),
                    event["message"].rstrip(),
                )
                for event in events
            )
        return sorted(found, key=lambda line: line.at)

    def _physical(self, kind: str) -> list[str]:
        return [r["PhysicalResourceId"] for r in self._resources if r["ResourceType"] == kind]

    def _about(self, group: str, span: tuple[int, int], execution: Execution) -> Iterator[Any]:
        """Lines that name the job, and the others of the invocations that wrote them: an error's trace names none."""
        named = list(self._events(group, span, filterPattern=f'"{execution.job_id}"'))
        requests = {request for event in named if (request := _request(event["message"]))}
        for request in sorted(requests):
            named += self._events(group, span, filterPattern=f'"{request}"')
        once = {(e["logStreamName"], e["timestamp"], e["message"]): e for e in named}
        yield from once.values()

    def _events(self, group: str, span: tuple[int, int], **narrowed: Any) -> Iterator[Any]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=span[0], endTime=span[1], **narrowed
        )
        for page in pages:
            yield from page["events"]

    def _glue_runs(self, execution_name: str) -> list[str]:
        """A job writes to a log stream of its run's id, which no run lacks once it has started."""
        return [
            run["Id"]
            for job in self._physical("AWS::Glue::Job")
            for page in self._glue.get_paginator("get_job_runs").paginate(JobName=job)
            for run in page["JobRuns"]
            if run.get("Arguments", {}).get("--execution_name") == execution_name
        ]


def logs(pipeline: Pipeline, source: Logs, job: str, output: Output) -> int:
    execution = last_of(pipeline.attempts(job), job)
    found = source.of(execution)
    if output.as_json:
        lines = [{**asdict(line), "at": line.at.isoformat()} for line in found]
        output.document({"execution": execution.name, "lines": lines})
        return 0
    for text in told(found):
        output.line(text)
    if not found:
        output.line(
            f"Nada nos registros sobre {execution.name} (ou ainda não: chegam em segundos)."
        )
    return 0


def told(lines: Iterable[LogLine]) -> Iterator[str]:
    for line in lines:
        for text in _readable(line.text).expandtabs(1).splitlines():
            yield f"{ptbr.moment(line.at)}  {line.source}: {text}"


def _readable(text: str) -> str:
    """A function's line is JSON, of which its environment is the larger part."""
    document = _json(text)
    if not document or "message" not in document:
        return text
    told = f"{document.get('level', '')} {document['message']}".strip()
    error = document.get("exception")
    return f"{told}\n{error}" if error else told


def _request(text: str) -> str | None:
    document = _json(text) or {}
    found = document.get(_REQUEST)
    return found if isinstance(found, str) else None


def _json(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
