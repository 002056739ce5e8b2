"""Glue runs: started, queued, stopped, and waited for by `glue:startJobRun.sync`.

MiniStack knows neither MaxConcurrentRuns nor the queue nor `.sync`, and without Docker it lets a
Spark job "succeed" without running it.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import Any

from ministack.core.responses import (
    error_response_json,
    json_response,
    new_uuid,
)
from ministack.services import glue, stepfunctions
from ministack.services.cloudformation import provisioners

from recon.embedded.patches import glue_process, tasks
from recon.embedded.patches.replace import in_background, replaces

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")
OCCUPYING = ("STARTING", "RUNNING", "STOPPING")
TIMES = ("StartedOn", "LastModifiedOn", "CompletedOn")
JOB_FIELDS = {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "JobRunQueuingEnabled": False}

CHANGED = threading.Condition()  # guards the states of all runs, and PROCESSES
PROCESSES: dict[str, subprocess.Popen[str]] = {}
# An account starts workers for each run; this machine has no more memory for that. Who waits here is STARTING.
ON_THIS_MACHINE = threading.BoundedSemaphore(8)

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
            "LogGroupName": glue_process.log_group(job, arguments),
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
        run.update(JobRunState="STARTING", LastModifiedOn=_now())
    with ON_THIS_MACHINE:
        _run(job, run)


def _run(job: dict[str, Any], run: dict[str, Any]) -> None:
    with CHANGED:
        if run["JobRunState"] in ENDED:  # stopped before its turn came
            return
        started = time.monotonic()
        run.update(JobRunState="RUNNING", LastModifiedOn=_now())
        try:
            process = glue_process.launch(job, run)
        except glue_process.LaunchError as error:
            _end(run, "FAILED", f"LAUNCH ERROR | {error}", started)
            return
        PROCESSES[run["Id"]] = process
    state, message = glue_process.wait(process, run)
    with CHANGED:
        del PROCESSES[run["Id"]]
        _end(run, state, message, started)


def _end(run: dict[str, Any], state: str, message: str, started: float) -> None:
    if run["JobRunState"] not in ENDED:  # STOPPED stays
        run.update(JobRunState=state, **({"ErrorMessage": message} if message else {}))
    run.update(CompletedOn=_now(), LastModifiedOn=_now())
    run["ExecutionTime"] = round(time.monotonic() - started)
    CHANGED.notify_all()


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
