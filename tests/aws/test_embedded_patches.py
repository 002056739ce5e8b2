"""Where the embedded AWS was corrected to behave as AWS: one test shows each behaviour."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.faults import Fault

ROLE = "arn:aws:iam::000000000000:role/any"
GLUE = "arn:aws:states:::glue:startJobRun.sync"
CLOSED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
JOB = """
import os, sys, time
from pathlib import Path
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("arguments", sorted(arguments))
print("endpoint", os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_REGION"])
deadline = time.monotonic() + 20
while "--wait_for" in arguments and not Path(arguments["--wait_for"]).exists():
    assert time.monotonic() < deadline
    time.sleep(0.01)
if "--fail" in arguments:
    raise ValueError(arguments["--fail"])
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAWS]:
    root = tmp_path_factory.mktemp("checkout")
    (root / "jobs" / "echo").mkdir(parents=True)
    (root / "jobs" / "echo" / "__main__.py").write_text(JOB)
    with EmbeddedAWS(jobs_root=root, wait_scale=0) as aws:
        yield aws


@pytest.fixture
def aws(emulator: EmbeddedAWS) -> EmbeddedAWS:
    emulator.reset()
    return emulator


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


# State machines


def start(aws: EmbeddedAWS, states: dict[str, Any], name: str | None = None, **machine: Any) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    states_client = aws.client("stepfunctions")
    name = name or f"machine-{uuid.uuid4().hex[:8]}"
    arn = states_client.create_state_machine(
        name=name, roleArn=ROLE, definition=json.dumps(definition | machine)
    )["stateMachineArn"]
    return str(states_client.start_execution(stateMachineArn=arn, input="{}")["executionArn"])


def describe(aws: EmbeddedAWS, execution: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
    return found


def ended(aws: EmbeddedAWS, execution: str) -> dict[str, Any]:
    def closed() -> dict[str, Any] | None:
        found = describe(aws, execution)
        return found if found["status"] in CLOSED else None

    found: dict[str, Any] = until(closed)
    return found


def run(aws: EmbeddedAWS, states: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return ended(aws, start(aws, states, **machine))


def output(aws: EmbeddedAWS, states: dict[str, Any]) -> Any:
    found = run(aws, states)
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def history(aws: EmbeddedAWS, execution: str) -> list[dict[str, Any]]:
    found = aws.client("stepfunctions").get_execution_history(executionArn=execution)
    return list(found["events"])


def task(**fields: Any) -> dict[str, Any]:
    """A task whose integration the test replaces by a fault, unless it says otherwise."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": "none", "Message": "none"},
        "End": True,
    } | fields


def caught(*names: str) -> dict[str, Any]:
    return {
        "Catch": [
            {"ErrorEquals": [n], "Next": "Caught", "Output": "{% $states.errorOutput %}"}
            for n in names
        ]
    }


CAUGHT = {"Caught": {"Type": "Succeed"}}


def test_assign_reads_the_values_at_entry(aws: EmbeddedAWS) -> None:
    swap = {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"}
    show = {"Type": "Pass", "Output": "{% $a & $b %}", "End": True}
    first = {"Type": "Pass", "Assign": {"a": "1", "b": "2"}, "Next": "Swap"}
    assert output(aws, {"First": first, "Swap": swap, "Show": show}) == "21"


def test_succeed_evaluates_its_output(aws: EmbeddedAWS) -> None:
    assert output(aws, {"Done": {"Type": "Succeed", "Output": {"sum": "{% 1 + 2 %}"}}}) == {
        "sum": 3
    }


def test_a_condition_that_is_not_boolean_is_an_error(aws: EmbeddedAWS) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 'yes' %}", "Next": "Done"}]}
    assert run(aws, {"Choose": choice, "Done": {"Type": "Succeed"}})["error"] == (
        "States.QueryEvaluationError"
    )


def test_states_all_does_not_catch_a_runtime_error(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", error="States.Runtime", cause="broken"))
    found = run(aws, {"Call": task(**caught("States.Runtime", "States.ALL"))} | CAUGHT)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")


def test_a_fault_hits_one_attempt_and_the_retry_is_real(aws: EmbeddedAWS) -> None:
    aws.fault(
        Fault(state="Call", attempt=0, error="Some.Error"),
        Fault(state="Call", attempt=1, result={"attempt": "second"}),
    )
    retry = [{"ErrorEquals": ["Some.Error"], "MaxAttempts": 1}]
    assert output(aws, {"Call": task(Retry=retry)}) == {"attempt": "second"}


def test_a_fault_evaluates_arguments_and_the_history_shows_them(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", result={}))
    execution = start(aws, {"Call": task(Arguments={"Message": "{% 'n' & 1 %}"})})
    ended(aws, execution)
    scheduled = next(e for e in history(aws, execution) if e["type"] == "TaskScheduled")
    details = scheduled["taskScheduledEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("sns", "publish")
    assert json.loads(details["parameters"]) == {"Message": "n1"}


def test_a_task_publishes_with_attributes_that_subscribers_filter_by(aws: EmbeddedAWS) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    subscriber = f"arn:aws:sqs:{aws.region}:{aws.account_id}:q"
    only = {"FilterPolicy": json.dumps({"severity": ["CRITICAL"]})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscriber, Attributes=only)

    def publish(severity: str) -> dict[str, Any]:
        attributes = {"severity": {"DataType": "String", "StringValue": severity}}
        arguments = {"TopicArn": topic, "Message": severity, "MessageAttributes": attributes}
        return task(Arguments=arguments)

    info = publish("INFO") | {"Next": "Critical"}
    del info["End"]
    assert run(aws, {"Info": info, "Critical": publish("CRITICAL")})["status"] == "SUCCEEDED"
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Message"] == "CRITICAL"
    assert envelope["MessageAttributes"]["severity"]["Value"] == "CRITICAL"


def test_a_reset_forgets_faults(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", result={"forced": True}))
    aws.reset()
    assert run(aws, {"Call": task()})["status"] == "FAILED"  # there is no such topic


def test_an_execution_does_not_go_on_after_a_reset(aws: EmbeddedAWS) -> None:
    def begin(seconds: float) -> str:
        queue = str(aws.client("sqs").create_queue(QueueName="q")["QueueUrl"])
        aws.fault(Fault(state="Call", seconds=seconds, result={}))
        send = {"QueueUrl": queue, "MessageBody": str(seconds)}
        tell = task(Resource="arn:aws:states:::sqs:sendMessage", Arguments=send)
        execution = start(aws, {"Call": task(Next="Tell", End=False), "Tell": tell}, name="same")
        until(lambda: any(e["type"] == "TaskScheduled" for e in history(aws, execution)))
        return queue

    begin(0.5)
    aws.reset()
    queue = begin(2)
    received: list[str] = []

    def told() -> bool:
        answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        received.extend(message["Body"] for message in answer.get("Messages", ()))
        return "2" in received  # the first would have told long before

    until(told)
    assert received == ["2"]


def test_the_cap_and_the_jitter_of_a_retry_are_kept() -> None:
    def seconds(retries: int, **retrier: Any) -> float:
        aws.fault(Fault(state="Call", error="E"))
        retry = {"ErrorEquals": ["E"], "MaxAttempts": retries, "BackoffRate": 1, **retrier}
        execution = start(aws, {"Call": task(Retry=[retry])})
        ended(aws, execution)
        at = [e["timestamp"] for e in history(aws, execution) if e["type"] == "TaskScheduled"]
        assert len(at) == retries + 1
        return float((at[-1] - at[0]).total_seconds())

    with EmbeddedAWS() as aws:  # here the waits are real
        assert 1 <= seconds(1, IntervalSeconds=60, MaxDelaySeconds=1) < 30
        # At least 5 s without jitter; with it hardly ever, even on a busy machine.
        assert seconds(5, IntervalSeconds=1, JitterStrategy="FULL") < 5


def test_a_timeout_may_be_an_expression(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", seconds=15, result={}))
    began = time.monotonic()
    slow = task(TimeoutSeconds="{% $max([1, -7]) %}", **caught("States.Timeout"))
    execution = start(aws, {"Call": slow} | CAUGHT)
    assert json.loads(ended(aws, execution)["output"])["Error"] == "States.Timeout"
    assert time.monotonic() - began < 12
    assert "TaskTimedOut" in [event["type"] for event in history(aws, execution)]


def test_a_timeout_can_be_retried(aws: EmbeddedAWS) -> None:
    aws.fault(
        Fault(state="Call", attempt=0, seconds=15, result={}),
        Fault(state="Call", attempt=1, result={"attempt": "second"}),
    )
    retry = [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]
    assert output(aws, {"Call": task(TimeoutSeconds=1, Retry=retry)}) == {"attempt": "second"}


@pytest.mark.parametrize("timeout", ["{% 1.5 %}", "{% 0 %}", "{% 'soon' %}"])
def test_a_timeout_that_is_no_positive_integer_is_caught(aws: EmbeddedAWS, timeout: str) -> None:
    states = {"Call": task(TimeoutSeconds=timeout, **caught("States.ALL"))} | CAUGHT
    assert output(aws, states)["Error"] == "States.QueryEvaluationError"


def test_states_task_failed_does_not_catch_a_timeout(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", error="States.Timeout"))
    found = run(aws, {"Call": task(**caught("States.TaskFailed"))} | CAUGHT)
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")


def test_a_machine_that_exceeds_its_timeout_has_timed_out_and_stays_so(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", seconds=3, error="Too.Late"))
    execution = start(aws, {"Call": task()}, TimeoutSeconds=1)
    assert ended(aws, execution)["status"] == "TIMED_OUT"
    time.sleep(2.5)  # the task ends only now
    assert describe(aws, execution)["status"] == "TIMED_OUT"
    assert "error" not in describe(aws, execution)
    assert history(aws, execution)[-1]["type"] == "ExecutionTimedOut"


def test_a_stopped_execution_starts_no_further_attempt(aws: EmbeddedAWS) -> None:
    aws.fault(Fault(state="Call", attempt=0, seconds=2, error="Some.Error"))
    states = {"Call": task(Retry=[{"ErrorEquals": ["States.ALL"]}])}
    execution = start(aws, states)
    until(lambda: any(e["type"] == "TaskScheduled" for e in history(aws, execution)))
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    time.sleep(2.5)  # the attempt ends only now
    assert history(aws, execution)[-1]["type"] == "ExecutionAborted"
    assert [e["type"] for e in history(aws, execution)].count("TaskScheduled") == 1


def test_starting_the_same_again_while_it_runs_gives_the_first(aws: EmbeddedAWS) -> None:
    states_client = aws.client("stepfunctions")
    aws.fault(Fault(state="Call", seconds=2, result={}))
    definition = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": task()}}
    arn = states_client.create_state_machine(
        name="m", roleArn=ROLE, definition=json.dumps(definition)
    )["stateMachineArn"]

    def begin(text: str) -> Any:
        return states_client.start_execution(stateMachineArn=arn, name="n", input=text)

    first = begin('{"a":1}')
    again = begin('{"a":1}')
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with pytest.raises(states_client.exceptions.ExecutionAlreadyExists):
        begin('{"a":2}')
    assert ended(aws, first["executionArn"])["status"] == "SUCCEEDED"
    with pytest.raises(states_client.exceptions.ExecutionAlreadyExists):
        begin('{"a":1}')


@pytest.mark.parametrize("name", ["with space", "a/b", "x" * 81])
def test_an_invalid_execution_name_is_refused(aws: EmbeddedAWS, name: str) -> None:
    states_client = aws.client("stepfunctions")
    with pytest.raises(states_client.exceptions.InvalidName):
        states_client.start_execution(stateMachineArn="arn:any", name=name)


def test_an_input_that_is_no_json_is_refused(aws: EmbeddedAWS) -> None:
    states_client = aws.client("stepfunctions")
    with pytest.raises(states_client.exceptions.InvalidExecutionInput):
        states_client.start_execution(stateMachineArn="arn:any", input='{"job_id": "…", ...}')


def test_an_execution_leaves_metrics_and_sets_an_alarm_off(aws: EmbeddedAWS) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="failures",
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    run(aws, {"Done": {"Type": "Fail", "Error": "Some.Error"}})
    listed = aws.client("cloudwatch").list_metrics(Namespace="AWS/States")["Metrics"]
    assert {m["MetricName"] for m in listed} == {
        "ExecutionsStarted",
        "ExecutionsFailed",
        "ExecutionTime",
    }
    alarm = aws.client("cloudwatch").describe_alarms(AlarmNames=["failures"])["MetricAlarms"][0]
    assert alarm["StateValue"] == "ALARM"


# Glue


def create_job(aws: EmbeddedAWS, **fields: Any) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "sa-east-1"})
    s3.put_object(Bucket="data", Key="code/jobs/echo/__main__.py", Body=b"# published")
    job = {
        "Name": "echo",
        "Role": ROLE,
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://data/code/jobs/echo/__main__.py"},
        "DefaultArguments": {"--a": "default", "--b": "default"},
        "GlueVersion": "6.0",
    }
    aws.client("glue").create_job(**(job | fields))


def job_run(aws: EmbeddedAWS, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("glue").get_job_run(JobName="echo", RunId=run_id)["JobRun"]
    return found


def start_run(aws: EmbeddedAWS, **arguments: Any) -> str:
    return str(aws.client("glue").start_job_run(JobName="echo", **arguments)["JobRunId"])


def run_in(aws: EmbeddedAWS, run_id: str, *states: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found = job_run(aws, run_id)
        return found if found["JobRunState"] in states else None

    found: dict[str, Any] = until(reached)
    return found


def log_lines(aws: EmbeddedAWS, kind: str, run_id: str) -> list[str]:
    found = aws.client("logs").get_log_events(
        logGroupName=f"/aws-glue/jobs/{kind}", logStreamName=run_id
    )
    return [event["message"] for event in found["events"]]


def glue_task(**fields: Any) -> dict[str, Any]:
    return task(**({"Resource": GLUE, "Arguments": {"JobName": "echo"}} | fields))


def test_a_task_waits_for_a_glue_run_and_gets_the_run(aws: EmbeddedAWS) -> None:
    create_job(aws)
    arguments = {"JobName": "echo", "Arguments": {"--a": "{% 'x' & 1 %}"}}
    found = output(aws, {"Job": glue_task(Arguments=arguments)})
    assert found["JobRunState"] == "SUCCEEDED"
    assert found["JobName"] == "echo"
    assert found["Arguments"] == {"--a": "x1"}
    assert found["StartedOn"] > 10**12  # milliseconds
    assert log_lines(aws, "output", found["Id"]) == [
        "arguments ['--JOB_NAME', '--JOB_RUN_ID', '--a', '--b']",
        f"endpoint {aws.endpoint_url} sa-east-1",
    ]


def test_a_failed_run_fails_its_task_with_the_run_as_cause(aws: EmbeddedAWS) -> None:
    create_job(aws)
    arguments = {"JobName": "echo", "Arguments": {"--fail": "não é CSV"}}
    states = {"Job": glue_task(Arguments=arguments, **caught("States.TaskFailed"))} | CAUGHT
    found = output(aws, states)
    assert found["Error"] == "States.TaskFailed"
    cause = json.loads(found["Cause"])
    assert (cause["JobRunState"], cause["ErrorMessage"]) == ("FAILED", "ValueError: não é CSV")
    assert log_lines(aws, "error", cause["Id"])[-1] == "ValueError: não é CSV"


def test_a_jobs_output_goes_to_the_log_groups_that_it_names(aws: EmbeddedAWS) -> None:
    create_job(aws, DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/ours"})
    run_id = start_run(aws)
    run_in(aws, run_id, "SUCCEEDED")
    found = aws.client("logs").get_log_events(
        logGroupName="/aws-glue/ours/output", logStreamName=run_id
    )
    assert len(found["events"]) == 2


def test_an_updated_job_has_its_new_limit_and_queue(aws: EmbeddedAWS) -> None:
    create_job(aws)
    command = {"Name": "glueetl", "ScriptLocation": "s3://data/code/jobs/echo/__main__.py"}
    aws.client("glue").update_job(
        JobName="echo",
        JobUpdate={
            "Command": command,
            "ExecutionProperty": {"MaxConcurrentRuns": 9},
            "JobRunQueuingEnabled": True,
        },
    )
    job = aws.client("glue").get_job(JobName="echo")["Job"]
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 9}
    assert job["JobRunQueuingEnabled"] is True


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"JobName": "none"}, "Glue.EntityNotFoundException"),
        ({"JobName": "echo", "Arguments": {"--n": 1}}, "Glue.InvalidInputException"),
    ],
)
def test_a_refused_run_fails_its_task_with_the_name_of_glues_error(
    aws: EmbeddedAWS, arguments: dict[str, Any], error: str
) -> None:
    create_job(aws)
    assert run(aws, {"Job": glue_task(Arguments=arguments)})["error"] == error


def test_a_job_whose_script_was_not_published_cannot_start(aws: EmbeddedAWS) -> None:
    create_job(aws)
    aws.client("s3").delete_object(Bucket="data", Key="code/jobs/echo/__main__.py")
    found = run_in(aws, start_run(aws), "FAILED")
    assert found["ErrorMessage"].startswith("LAUNCH ERROR | File not found: s3://data/code/")


def test_without_queuing_a_run_too_many_is_refused(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws)
    first = start_run(aws, Arguments={"--wait_for": str(tmp_path / "go")})
    glue = aws.client("glue")
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName="echo")
    (tmp_path / "go").touch()
    run_in(aws, first, "SUCCEEDED")
    run_in(aws, start_run(aws), "SUCCEEDED")


def test_with_queuing_runs_wait_and_start_in_order(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws, JobRunQueuingEnabled=True, ExecutionProperty={"MaxConcurrentRuns": 2})
    gates = [tmp_path / str(n) for n in range(4)]
    runs = [start_run(aws, Arguments={"--wait_for": str(gate)}) for gate in gates]
    assert [job_run(aws, r)["JobRunState"] == "WAITING" for r in runs] == [False, False, True, True]
    gates[1].touch()
    run_in(aws, runs[2], "RUNNING")
    assert job_run(aws, runs[3])["JobRunState"] == "WAITING"
    for gate in gates:
        gate.touch()
    assert [run_in(aws, r, "SUCCEEDED", "FAILED")["JobRunState"] for r in runs] == ["SUCCEEDED"] * 4


def test_of_more_runs_than_the_machine_holds_the_rest_starts_as_others_end(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    create_job(aws, ExecutionProperty={"MaxConcurrentRuns": 50})
    gate = tmp_path / "go"
    runs = [start_run(aws, Arguments={"--wait_for": str(gate)}) for _ in range(10)]

    def states() -> Counter[str]:
        return Counter(job_run(aws, run)["JobRunState"] for run in runs)

    until(lambda: states()["RUNNING"] == 8)
    assert states() == {"RUNNING": 8, "STARTING": 2}
    aws.client("glue").batch_stop_job_run(
        JobName="echo",
        JobRunIds=[run for run in runs if job_run(aws, run)["JobRunState"] == "STARTING"][:1],
    )
    gate.touch()
    until(lambda: states() == {"SUCCEEDED": 9, "STOPPED": 1})


def test_the_time_in_the_queue_counts_against_the_tasks_timeout(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    create_job(aws, JobRunQueuingEnabled=True)
    first = start_run(aws, Arguments={"--wait_for": str(tmp_path / "go")})
    states = {"Job": glue_task(TimeoutSeconds=1, **caught("States.Timeout"))} | CAUGHT
    assert output(aws, states)["Error"] == "States.Timeout"
    (tmp_path / "go").touch()
    run_in(aws, first, "SUCCEEDED")


def test_the_newest_run_is_listed_first(aws: EmbeddedAWS) -> None:
    create_job(aws, ExecutionProperty={"MaxConcurrentRuns": 2})
    started = [start_run(aws), start_run(aws)]
    listed = aws.client("glue").get_job_runs(JobName="echo")["JobRuns"]
    assert [run["Id"] for run in listed] == started[::-1]


def test_a_run_in_the_queue_can_be_stopped(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws, JobRunQueuingEnabled=True)
    first = start_run(aws, Arguments={"--wait_for": str(tmp_path / "go")})
    second = start_run(aws)
    aws.client("glue").batch_stop_job_run(JobName="echo", JobRunIds=[second])
    (tmp_path / "go").touch()
    run_in(aws, first, "SUCCEEDED")
    assert job_run(aws, second)["JobRunState"] == "STOPPED"


def test_a_task_that_times_out_leaves_its_run_going(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws)
    arguments = {"JobName": "echo", "Arguments": {"--wait_for": str(tmp_path / "go")}}
    slow = glue_task(Arguments=arguments, TimeoutSeconds=1, **caught("States.Timeout"))
    assert output(aws, {"Job": slow} | CAUGHT)["Error"] == "States.Timeout"
    (going,) = aws.client("glue").get_job_runs(JobName="echo")["JobRuns"]
    assert going["JobRunState"] == "RUNNING"
    aws.client("glue").batch_stop_job_run(JobName="echo", JobRunIds=[going["Id"]])
    assert job_run(aws, going["Id"])["JobRunState"] == "STOPPED"


def test_stopping_the_execution_stops_its_run(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws)
    arguments = {"JobName": "echo", "Arguments": {"--wait_for": str(tmp_path / "never")}}
    execution = start(aws, {"Job": glue_task(Arguments=arguments)})
    runs = until(lambda: aws.client("glue").get_job_runs(JobName="echo")["JobRuns"])
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    run_in(aws, runs[0]["Id"], "STOPPED")


def test_a_run_ends_at_its_own_timeout(aws: EmbeddedAWS, tmp_path: Path) -> None:
    create_job(aws)
    arguments = {
        "JobName": "echo",
        "Arguments": {"--wait_for": str(tmp_path / "never")},
        "Timeout": 0.01,  # minutes; AWS takes whole ones
    }
    states = {"Job": glue_task(Arguments=arguments, **caught("States.TaskFailed"))} | CAUGHT
    assert json.loads(output(aws, states)["Cause"])["JobRunState"] == "TIMEOUT"


# Lambda


def create_function(aws: EmbeddedAWS, body: str, **fields: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", f"def handle(event, context):\n    {body}\n")
    function = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "handler.handle",
        "Code": {"ZipFile": archive.getvalue()},
    }
    aws.client("lambda").create_function(**(function | fields))


def test_a_functions_exception_is_the_error_of_its_task(aws: EmbeddedAWS) -> None:
    create_function(aws, "raise KeyError('job_id')")
    call = task(
        Resource="arn:aws:states:::lambda:invoke",
        Arguments={"FunctionName": "f", "Payload": {}},
        **caught("KeyError"),
    )
    found = output(aws, {"Call": call} | CAUGHT)
    assert found["Error"] == "KeyError"
    cause = json.loads(found["Cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("KeyError", "'job_id'")
    assert cause["requestId"]
    assert cause["stackTrace"][-1] == "KeyError: 'job_id'"


def test_more_calls_at_once_than_there_are_places_wait_and_all_are_answered(
    aws: EmbeddedAWS,
) -> None:
    create_function(aws, "import os, time; time.sleep(0.2); return os.getpid()")
    functions = aws.client("lambda")

    def call(_: int) -> int:
        return int(json.loads(functions.invoke(FunctionName="f")["Payload"].read()))

    with ThreadPoolExecutor(12) as pool:
        processes = list(pool.map(call, range(12)))
    assert len(set(processes)) <= 8


def test_a_trace_goes_on_from_the_start_of_an_execution_to_the_function_that_it_calls(
    aws: EmbeddedAWS,
) -> None:
    create_function(aws, "import os; return os.environ['_X_AMZN_TRACE_ID']")
    call = task(
        Resource="arn:aws:states:::lambda:invoke", Arguments={"FunctionName": "f", "Payload": {}}
    )
    trace = "Root=1-65d1f2a0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    states = aws.client("stepfunctions")
    states.meta.events.register(
        "before-sign.sfn.StartExecution",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", trace),
    )
    definition = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": call}}
    machine = states.create_state_machine(
        name="traced", roleArn=ROLE, definition=json.dumps(definition)
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    assert json.loads(ended(aws, execution)["output"])["Payload"] == trace
