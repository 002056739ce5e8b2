"""One trace from upload to alert: what the functions send to the X-Ray daemon, caught where the daemon would listen."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.embedded.faults import Fault
from tests.state_machine.pipeline import EVERYTHING_WORKS, GLUE_TASKS

pytestmark = pytest.mark.e2e
FUNCTIONS = {
    f"reconciliation-{name}" for name in ("trigger", "checkpoint", "timeout-handler", "notifier")
}


@contextmanager
def daemon() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(60)
        yield listener


def segments(listener: socket.socket, of: set[str]) -> list[dict[str, Any]]:
    """Until the handlers of all these functions are among them."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while not of <= {service(segment) for segment in found if is_handler(segment)}:
        assert time.monotonic() < deadline, [segment["name"] for segment in found]
        header, _, document = listener.recv(65_536).partition(b"\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        found.append(json.loads(document))
    return found


def parts_of(segment: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield segment
    for inner in segment.get("subsegments", ()):
        yield from parts_of(inner)


def is_handler(segment: dict[str, Any]) -> bool:
    return str(segment["name"]) == "## lambda_handler"


def service(segment: dict[str, Any]) -> str:
    return str(segment.get("annotations", {}).get("Service"))


def set_environment(aws: EmbeddedAWS, function: str, **variables: str) -> None:
    functions = aws.client("lambda")
    given = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": given | variables}
    )


def test_the_segments_of_all_four_functions_are_one_trace_from_the_upload_to_the_alert() -> None:
    with daemon() as listener, EmbeddedAWS(wait_scale=0) as aws:
        stack = deploy(aws)
        host, port = listener.getsockname()
        for function in FUNCTIONS:
            set_environment(aws, function, AWS_XRAY_DAEMON_ADDRESS=f"{host}:{port}")
        # Out of time, and the timeout handler fails: the one way that leads past all four.
        set_environment(aws, "reconciliation-timeout-handler", CHECKPOINTS_BUCKET="no-such-bucket")
        real = [fault for fault in EVERYTHING_WORKS if fault.state in GLUE_TASKS]
        aws.fault(Fault(state="ReconcileData", error="States.Timeout"), *real)
        aws.client("s3").put_object(
            Bucket=stack.ingress_bucket, Key="2026-02-16/a.csv", Body=b"side\n"
        )
        found = segments(listener, FUNCTIONS)

    handlers = [segment for segment in found if is_handler(segment)]
    (trigger,) = (segment for segment in handlers if service(segment) == "reconciliation-trigger")
    of_run = [segment for segment in found if segment["trace_id"] == trigger["trace_id"]]
    assert {service(segment) for segment in of_run if is_handler(segment)} == FUNCTIONS
    parts = [part for segment in of_run for part in parts_of(segment)]
    (job_id,) = {
        part["annotations"]["job_id"] for part in parts if "job_id" in part.get("annotations", {})
    }
    assert job_id.startswith("JOB-20260216-default-")
    # Which call of which service took how long is in it as well.
    assert {"s3", "states", "glue", "sns"} <= {part["name"] for part in parts}
