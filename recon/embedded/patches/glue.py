"""Glue jobs as processes, and `glue:startJobRun.sync`, which MiniStack does not have.

Without Docker MiniStack lets a Spark job "succeed" without running it. Here a run is a Python
process of its own: the module that the job's ScriptLocation names, from the checkout, with the
arguments that Glue would give it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from ministack.core import lambda_runtime
from ministack.core.responses import (
    error_response_json,
    get_region,
    json_response,
    new_uuid,
)
from ministack.services import cloudwatch_logs, glue, stepfunctions
from ministack.services.cloudformation import provisioners

from recon.embedded import job_process
from recon.embedded.patches import iam, tasks
from recon.embedded.patches.replace import in_background, replaces
from shared.layout import CODE

JOBS_ROOT = Path()  # set by serve: the directory that holds the package `jobs`
LOG_GROUP = "/aws-glue/jobs"
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")
OCCUPYING = ("STARTING", "RUNNING", "STOPPING")
TIMES = ("StartedOn", "LastModifiedOn", "CompletedOn")
INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "JAVA_HOME",
    "PYTHONDONTWRITEBYTECODE",
)
JOB_FIELDS = {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "JobRunQueuingEnabled": False}

CHANGED = threading.Condition()  # guards the states of all runs, and PROCESSES
PROCESSES: dict[str, subprocess.Popen[str]] = {}

# CloudFormation, CreateJob and UpdateJob drop MaxConcurrentRuns and queuing; the defaults are the
# API's.
provisioners._GLUE_JOB_DEFAULTS.update(JOB_FIELDS)


@replaces(glue, "_create_job")
def keep_concurrency_on_create(original: Any, request: dict[str, Any]) -> Any:
    response = original(request)
    if response[0] == 200:
        fields = {name: request.get(name, default) for name, default in JOB_FIELDS.items()}
        glue._jobs[request["Name"]].update(fields)
    return response


@replaces(glue, "_update_job")
def keep_concurrency_on_update(original: Any, request: dict[str, Any]) -> Any:
    response = original(request)
    if response[0] == 200:
        update = request["JobUpdate"]
        fields = {name: update[name] for name in JOB_FIELDS if name in update}
        glue._jobs[request["JobName"]].update(fields)
    return response


# Over MaxConcurrentRuns a run is refused, or waits as WAITING where the job or the run has queuing
# on, the run's word first (Glue developer guide, job run statuses; StartJobRun).
@replaces(glue, "_start_job_run")
def start_job_run(original: Any, request: dict[str, Any]) -> Any:
    job = glue._jobs.get(request.get("JobName"))
    if job is None:
        return original(request)  # EntityNotFoundException
    arguments = request.get("Arguments") or {}
    if not all(isinstance(value, str) for value in arguments.values()):
        return error_response_json("InvalidInputException", "Arguments must be strings", 400)
    with CHANGED:
        free = _has_free_place(job)
        if not free and not request.get("JobRunQueuingEnabled", job["JobRunQueuingEnabled"]):
            return error_response_json(
                "ConcurrentRunsExceededException",
                f"Concurrent runs exceeded for {job['Name']}",
                400,
            )
        run = {
            "Id": "jr_" + new_uuid().replace("-", ""),
            "Attempt": 0,
            "JobName": job["Name"],
            "StartedOn": _now(),
            "LastModifiedOn": _now(),
            "JobRunState": "STARTING" if free else "WAITING",
            "Arguments": arguments,
            "PredecessorRuns": [],
            "ExecutionTime": 0,
            "Timeout": request.get("Timeout") or job["Timeout"],
            "LogGroupName": _arguments(job, arguments).get("--custom-logGroup-prefix", LOG_GROUP),
            "GlueVersion": job["GlueVersion"],
            "WorkerType": request.get("WorkerType") or job["WorkerType"],
            "NumberOfWorkers": request.get("NumberOfWorkers") or job["NumberOfWorkers"],
        }
        glue._job_runs[job["Name"]].append(run)
    in_background(lambda: _carry_out(job, run))
    return json_response({"JobRunId": run["Id"]})


# "GetJobRuns returns the job runs in chronological order, with the newest jobs being returned first."
@replaces(glue, "_get_job_runs")
def newest_run_first(original: Any, request: dict[str, Any]) -> Any:
    status, headers, body = original(request)
    answer = json.loads(body)
    return status, headers, json.dumps({"JobRuns": answer["JobRuns"][::-1]}).encode()


@replaces(glue, "_batch_stop_job_run")
def stop_kills_the_process(original: Any, request: dict[str, Any]) -> Any:
    ids = request.get("JobRunIds", [])
    with CHANGED:
        for run in glue._job_runs.get(request.get("JobName"), []):
            if run["Id"] in ids and run["JobRunState"] == "WAITING":
                run["JobRunState"] = "STARTING"  # a state that the original can stop
        response = original(request)
        for run_id in ids:
            if run_id in PROCESSES:
                PROCESSES[run_id].kill()
        CHANGED.notify_all()
    return response


@replaces(glue, "reset")
def reset_kills_the_processes(original: Any) -> None:
    with CHANGED:
        for runs in glue._job_runs.all_values():
            for run in runs:
                if run["JobRunState"] not in ENDED:
                    run["JobRunState"] = "STOPPED"
        kill_jobs()
        original()
        CHANGED.notify_all()


# As MiniStack does with executions: what ran when the emulator stopped cannot go on.
@replaces(glue, "_restore_state")
def restored_runs_have_ended(original: Any, data: Any) -> None:
    original(data)
    for runs in glue._job_runs.all_values():
        for run in runs:
            if run["JobRunState"] not in ENDED:
                run.update(
                    JobRunState="ERROR", ErrorMessage="the embedded AWS stopped while it ran"
                )


def kill_jobs() -> None:
    for process in list(PROCESSES.values()):
        process.kill()


def _has_free_place(job: dict[str, Any]) -> bool:
    states = [run["JobRunState"] for run in glue._job_runs[job["Name"]]]
    limit = int(job["ExecutionProperty"]["MaxConcurrentRuns"])
    return "WAITING" not in states and sum(state in OCCUPYING for state in states) < limit


def _is_next(job: dict[str, Any], run: dict[str, Any]) -> bool:
    runs = glue._job_runs[job["Name"]]
    limit = int(job["ExecutionProperty"]["MaxConcurrentRuns"])
    first = next(r for r in runs if r["JobRunState"] == "WAITING")
    return first is run and sum(r["JobRunState"] in OCCUPYING for r in runs) < limit


def _carry_out(job: dict[str, Any], run: dict[str, Any]) -> None:
    with CHANGED:
        CHANGED.wait_for(lambda: run["JobRunState"] != "WAITING" or _is_next(job, run))
        if run["JobRunState"] in ENDED:
            return
        started = time.monotonic()
        run.update(JobRunState="RUNNING", LastModifiedOn=_now())
        try:
            process = _launch(job, run)
        except LaunchError as error:
            _end(run, "FAILED", f"LAUNCH ERROR | {error}", started)
            return
        PROCESSES[run["Id"]] = process
    state, message = _wait(process, run)
    with CHANGED:
        del PROCESSES[run["Id"]]
        _end(run, state, message, started)


def _end(run: dict[str, Any], state: str, message: str, started: float) -> None:
    if run["JobRunState"] not in ENDED:  # STOPPED stays
        run.update(JobRunState=state, **({"ErrorMessage": message} if message else {}))
    run.update(CompletedOn=_now(), LastModifiedOn=_now())
    run["ExecutionTime"] = round(time.monotonic() - started)
    CHANGED.notify_all()


class LaunchError(Exception):
    """The job's script cannot be run as it is deployed; running it again does not help."""


def _launch(job: dict[str, Any], run: dict[str, Any]) -> subprocess.Popen[str]:
    arguments = {
        "--JOB_NAME": job["Name"],
        "--JOB_RUN_ID": run["Id"],
        **_arguments(job, run["Arguments"]),
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
        text=True,
        errors="replace",
    )


def _arguments(job: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
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


def _wait(process: subprocess.Popen[str], run: dict[str, Any]) -> tuple[str, str]:
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


def start_job_run_task(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """glue:startJobRun and its .sync: the JobRun, or States.TaskFailed with the JobRun as its
    cause.

    Keys and milliseconds as in AWS's documented cause. A run that was stopped ends the task as a
    success (LocalStack does the same; not known of AWS), so the state machine must look. A task
    that times out leaves its run alone.
    """
    task = tasks.CURRENT.get()
    job, run_id = arguments["JobName"], _call(glue._start_job_run, arguments)["JobRunId"]
    if not resource.endswith(".sync"):
        return {"JobRunId": run_id}
    while True:
        run = _call(glue._get_job_run, {"JobName": job, "RunId": run_id})["JobRun"]
        result: dict[str, Any] = run | {
            name: int(run[name] * 1000) for name in TIMES if name in run
        }
        if run["JobRunState"] in ("SUCCEEDED", "STOPPED"):
            return result
        if run["JobRunState"] in ENDED:
            raise tasks.TaskError("States.TaskFailed", json.dumps(result, ensure_ascii=False))
        if task and task.execution["status"] == "ABORTED":
            # StopExecution cancels the job (developer guide, .sync); a timeout is not in that list.
            _call(glue._batch_stop_job_run, {"JobName": job, "JobRunIds": [run_id]})
        time.sleep(0.05)


def _call(operation: Any, request: dict[str, Any]) -> dict[str, Any]:
    status, _, body = operation(request)
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise tasks.TaskError(f"Glue.{answer['__type'].split('#')[-1]}", answer.get("message", ""))
    return answer


def _now() -> float:
    return round(time.time(), 3)


stepfunctions._SERVICE_DISPATCH["arn:aws:states:::glue:startJobRun"] = start_job_run_task
