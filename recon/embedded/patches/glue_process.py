"""A Glue run as a Python process of its own: the module that the job's ScriptLocation names, from
the checkout, with the arguments that Glue would give it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from ministack.core import lambda_runtime
from ministack.core.responses import get_region
from ministack.services import cloudwatch_logs, glue

from recon.embedded import job_process
from recon.embedded.patches import iam
from recon.embedded.patches.replace import in_background
from shared.layout import CODE

JOBS_ROOT = Path()  # set by serve: the directory that holds the package `jobs`
INHERITED = ("PATH", "HOME", "TZ", "TMPDIR", "JAVA_HOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE")


def log_group(job: dict[str, Any], arguments: dict[str, str]) -> str:
    return arguments_of(job, arguments).get("--custom-logGroup-prefix", "/aws-glue/jobs")


class LaunchError(Exception):
    """The job's script cannot be run as it is deployed; running it again does not help."""


def launch(job: dict[str, Any], run: dict[str, Any]) -> subprocess.Popen[str]:
    arguments = {
        "--JOB_NAME": job["Name"],
        "--JOB_RUN_ID": run["Id"],
        **arguments_of(job, run["Arguments"]),
    }
    role = lambda_runtime.execution_credentials(
        {
            "FunctionArn": iam.arn("lambda", f"function:glue-{job['Name']}"),
            "FunctionName": "GlueJobRunnerSession",
            "Role": job["Role"],
        }
    )
    return subprocess.Popen(
        [sys.executable, "-P", job_process.__file__, _module(job), *_flat(arguments)],
        cwd=JOBS_ROOT,
        env={
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **role,
            "AWS_REGION": get_region(),
            "AWS_DEFAULT_REGION": get_region(),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        stdin=subprocess.PIPE,  # its closing tells the job that the emulator is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def arguments_of(job: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    return {**job["DefaultArguments"], **given, **job["NonOverridableArguments"]}


def _module(job: dict[str, Any]) -> str:
    """s3://<bucket>/code/jobs/validation/__main__.py, which must lie there, -> jobs.validation"""
    location = str(job["Command"].get("ScriptLocation", ""))
    if glue._resolve_script(location) is None:
        raise LaunchError(f"File not found: {location}")
    _, found, path = location.partition(f"/{CODE}")
    if not found or not path.endswith(".py"):
        raise LaunchError(f"{location} names no module under {CODE}")
    return path.removesuffix(".py").removesuffix("/__main__").replace("/", ".")


def _flat(arguments: dict[str, str]) -> list[str]:
    return [word for pair in arguments.items() for word in pair]


def wait(process: subprocess.Popen[str], run: dict[str, Any]) -> tuple[str, str]:
    """The run's final state and error message; what it prints goes to CloudWatch Logs at once."""
    assert process.stdout and process.stderr
    last: dict[str, str] = {}
    pumps = [
        _start_pump(process.stdout, run, "output", last),
        _start_pump(process.stderr, run, "error", last),
    ]
    state = ""
    try:
        process.wait(timeout=float(run["Timeout"]) * 60)
    except subprocess.TimeoutExpired:
        state = "TIMEOUT"
        process.kill()
        process.wait()
    for pump in pumps:
        pump.join(timeout=5)  # a grandchild may hold the pipe open
    if state == "TIMEOUT":
        return state, f"Job run timed out after {run['Timeout']} minutes"
    if process.returncode == 0:
        return "SUCCEEDED", ""
    message = last.get("error") or last.get("output") or f"exit code {process.returncode}"
    return "FAILED", message[:2000]


# Names as Glue's: stdout in …/output, stderr in …/error, one stream a run.
def _start_pump(
    pipe: IO[str], run: dict[str, Any], kind: str, last: dict[str, str]
) -> threading.Thread:
    where = {"logGroupName": f"{run['LogGroupName']}/{kind}", "logStreamName": run["Id"]}

    def pump() -> None:
        for line in pipe:
            if text := line.rstrip():
                last[kind] = text
                event = {"timestamp": int(time.time() * 1000), "message": text}
                cloudwatch_logs._put_log_events({**where, "logEvents": [event]})

    cloudwatch_logs._create_log_group(where)  # answers "already exists" from the second run on
    cloudwatch_logs._create_log_stream(where)
    return in_background(pump)
