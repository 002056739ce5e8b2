"""With `auth` the embedded AWS refuses what a role may not do, tasks and jobs included."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS

JOB = """
import boto3
boto3.client("s3").put_object(Bucket="data", Key="out", Body=b"x")
"""
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "arn:aws:s3:::data/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAWS]:
    root = tmp_path_factory.mktemp("checkout")
    (root / "jobs" / "put").mkdir(parents=True)
    (root / "jobs" / "put" / "__main__.py").write_text(JOB)
    with EmbeddedAWS(jobs_root=root, auth=True) as aws:
        aws.client("s3").create_bucket(
            Bucket="data", CreateBucketConfiguration={"LocationConstraint": aws.region}
        )
        aws.client("s3").put_bucket_policy(
            Bucket="data", Policy=json.dumps({"Version": "2012-10-17", "Statement": [TLS_ONLY]})
        )
        aws.client("s3").put_object(Bucket="data", Key="code/jobs/put/__main__.py", Body=b"# here")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("handler.py", "def handle(event, context):\n    return {'done': True}\n")
        aws.client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.13",
            Role=role(aws, "function"),
            Handler="handler.handle",
            Code={"ZipFile": archive.getvalue()},
        )
        yield aws


def role(aws: EmbeddedAWS, name: str, *actions: str) -> str:
    iam = aws.client("iam")
    anybody = {"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if actions:
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return str(arn)


def run_task(aws: EmbeddedAWS, machine_role: str, resource: str, arguments: dict[str, Any]) -> Any:
    """The task's error, or its result."""
    task = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Task", "States": {"Task": task}}
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=machine_role.rsplit("/", 1)[-1],
        roleArn=machine_role,
        definition=json.dumps(definition),
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(1500):
        found = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found.get("error") or json.loads(found["output"])
        time.sleep(0.02)
    raise AssertionError("the execution did not end")


INVOKE = "arn:aws:states:::lambda:invoke"
PUBLISH = "arn:aws:states:::sns:publish"
RUN = "arn:aws:states:::glue:startJobRun.sync"


def test_a_machine_invokes_only_what_its_role_may(aws: EmbeddedAWS) -> None:
    call = {"FunctionName": "f", "Payload": {}}
    assert run_task(aws, role(aws, "may-not"), INVOKE, call) == "Lambda.AWSLambdaException"
    may = role(aws, "may", "lambda:InvokeFunction")
    assert run_task(aws, may, INVOKE, call)["Payload"] == {"done": True}


def test_a_machine_publishes_only_where_its_role_may(aws: EmbeddedAWS) -> None:
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    call = {"TopicArn": topic, "Message": "m"}
    refused = run_task(aws, role(aws, "silent"), PUBLISH, call)
    assert refused == "SNS.AuthorizationErrorException"
    assert "MessageId" in run_task(aws, role(aws, "loud", "sns:Publish"), PUBLISH, call)


@pytest.mark.parametrize(
    ("actions", "state", "error"),
    [((), "FAILED", "AccessDenied"), (("s3:PutObject",), "SUCCEEDED", "")],
    ids=["refused", "allowed, under a policy that wants TLS"],
)
def test_a_job_does_only_what_its_role_may(
    aws: EmbeddedAWS, actions: tuple[str, ...], state: str, error: str
) -> None:
    location = "s3://data/code/jobs/put/__main__.py"
    name = f"job-{state.lower()}"
    aws.client("glue").create_job(
        Name=name,
        Role=role(aws, name, *actions),
        Command={"Name": "glueetl", "ScriptLocation": location},
    )
    run_id = aws.client("glue").start_job_run(JobName=name)["JobRunId"]
    for _ in range(1500):
        run = aws.client("glue").get_job_run(JobName=name, RunId=run_id)["JobRun"]
        if run["JobRunState"] not in ("STARTING", "RUNNING"):
            break
        time.sleep(0.02)
    assert run["JobRunState"] == state
    assert error in run.get("ErrorMessage", "")


def test_a_machine_starts_only_the_jobs_that_its_role_may(aws: EmbeddedAWS) -> None:
    refused = run_task(aws, role(aws, "no-jobs"), RUN, {"JobName": "job-succeeded"})
    assert refused == "Glue.AccessDeniedException"
