"""Every action that a role is allowed is there for something: without it, that fails.

docs/permissions.md is made of the two lists here, and says how.

The embedded AWS enforces the template's own policies. The functions' code runs here, under their roles' credentials, so
that the clock can be set forward; runs of the state machine and jobs are real. What it cannot judge is named below,
with the reason; a test keeps the two lists whole.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from jobs import runtime
from jobs.quicksight_prep.stage import PrepArguments, prepare
from jobs.reconciliation.stage import ReconciliationArguments, run_reconciliation
from jobs.validation.stage import ValidationArguments, run_validation
from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import TEMPLATE, deploy
from recon.embedded.faults import Fault
from recon.stack import Stack
from services.notifier.alerting import tell
from services.notifier.gateway import Gateway as Notifier
from services.notifier.settings import NotifierSettings
from services.timeout_handler import status_change, tick
from services.timeout_handler.gateway import Gateway as TimeoutHandler
from services.timeout_handler.runs import GlueRun
from services.timeout_handler.settings import TimeoutSettings
from services.trigger.admission import admit
from services.trigger.gateway import Gateway as Trigger
from services.trigger.gateway import UploadQueue
from services.trigger.notification import Arrival
from services.trigger.settings import TriggerSettings
from shared.alert import AlertRequest, RunCompleted, RunFailed, UploadRefused
from shared.checkpoint import ErrorOutput, FailureReport
from shared.checkpoint_store import CheckpointStore, record_failure
from shared.intake import Upload
from shared.job_event import JobEvent
from shared.layout import Stage
from shared.run_store import RunStore
from tests.state_machine.pipeline import EVERYTHING_WORKS

NOW = datetime.now(UTC)
SAMPLE = (Path(__file__).parents[2] / "samples" / "conciliado.csv").read_bytes()
Grant = tuple[
    str, str, str
]  # logical id of the role (or of a policy of several), statement, action


def grants() -> list[Grant]:
    resources = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    policies = [
        (logical_id, policy)
        for logical_id, resource in resources.items()
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::Policy")
        for policy in resource["Properties"].get("Policies", [resource["Properties"]])
    ]
    return [
        (logical_id, statement["Sid"], action)
        for logical_id, policy in policies
        for written in policy["PolicyDocument"]["Statement"]
        for statement in [written["Fn::If"][1] if "Fn::If" in written else written]
        for action in as_list(statement["Action"])
    ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass
class World:
    aws: EmbeddedAWS
    stack: Stack
    roles: dict[str, str]  # logical id → name
    _sessions: dict[str, boto3.Session] = field(default_factory=dict)

    def session(self, role: str) -> boto3.Session:
        if role not in self._sessions:
            arn = f"arn:aws:iam::{self.aws.account_id}:role/{self.roles[role]}"
            given = self.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")
            self._sessions[role] = boto3.Session(
                given["Credentials"]["AccessKeyId"],
                given["Credentials"]["SecretAccessKey"],
                given["Credentials"]["SessionToken"],
                self.aws.region,
            )
        return self._sessions[role]

    def client(self, role: str, service: str) -> Any:
        return self.session(role).client(service, endpoint_url=self.aws.endpoint_url)  # type: ignore[call-overload]

    @contextmanager
    def without(self, grant: Grant) -> Iterator[None]:
        role, sid, action = grant
        iam, name = self.aws.client("iam"), self.roles[role]
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        whole = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        rest = [
            {**statement, "Action": [a for a in as_list(statement["Action"]) if a != action]}
            if statement["Sid"] == sid
            else statement
            for statement in whole["Statement"]
        ]
        assert rest != whole["Statement"]
        less = {**whole, "Statement": [statement for statement in rest if statement["Action"]]}
        put = functools.partial(iam.put_role_policy, RoleName=name, PolicyName=policy)
        put(PolicyDocument=json.dumps(less))
        try:
            yield
        finally:
            put(PolicyDocument=json.dumps(whole))

    # What happens to the pipeline, by nobody in particular

    def arrival(self, content: bytes | None = None) -> Arrival:
        body = content or uuid.uuid4().bytes
        key = f"2026-02-16/{uuid.uuid4().hex}.csv"
        put = self.aws.client("s3").put_object(Bucket=self.stack.ingress_bucket, Key=key, Body=body)
        version = put["VersionId"]
        upload = Upload(bucket=self.stack.ingress_bucket, key=key, version=version, size=len(body))
        return Arrival(upload, NOW, version)

    def job(self) -> JobEvent:
        return JobEvent(
            job_id=f"JOB-20260216-default-{uuid.uuid4().hex[:16]}",
            bucket_name=self.stack.ingress_bucket,
            object_key="2026-02-16/a.csv",
            file_hash="0123456789abcdef" * 4,
        )

    def execution(self, job: JobEvent) -> str:
        arn: str = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.stack.state_machine_arn,
            name=job.execution_name,
            input=job.to_json(),
        )["executionArn"]
        return arn

    def ended(self, arn: str) -> list[str]:
        """The types of its events, and the names of its states, once it is over."""
        states = self.aws.client("stepfunctions")
        deadline = time.monotonic() + 60
        while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        return [e.get("stateEnteredEventDetails", {}).get("name") or e["type"] for e in events]


# Scenarios: True where what they are about worked. A refusal of AWS that nobody catches counts as not.


def started(world: World) -> bool:
    return admit(world.arrival(), trigger(world), lambda job: None).name == "started"


def duplicate(world: World) -> bool:
    content = uuid.uuid4().bytes
    owner = trigger(world, role=None)
    assert admit(world.arrival(content), owner, lambda job: None).name == "started"
    return admit(world.arrival(content), trigger(world), lambda job: None).name == "duplicate"


def hidden(world: World) -> bool:
    sqs, url = world.aws.client("sqs"), world.stack.queue_url
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    try:
        UploadQueue(url, world.client("TriggerRole", "sqs")).hide(message["ReceiptHandle"], 60)
    finally:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return True


def kept(world: World) -> bool:
    s3 = world.client("CheckpointRole", "s3")
    runs = RunStore(s3, world.stack.data_bucket)
    checkpoints = CheckpointStore(s3, world.stack.checkpoints_bucket)
    report = FailureReport(job_id=world.job().job_id, state="ValidateCSV")
    return record_failure(report, runs, checkpoints, NOW).job_id == report.job_id


def settled(world: World) -> bool:
    job = world.job()
    world.aws.fault(Fault(state="ValidateCSV", seconds=3, result={}), *EVERYTHING_WORKS)
    arn = world.execution(job)
    world.aws.client("stepfunctions").stop_execution(executionArn=arn)
    gateway = timeout_handler(world)
    gateway.stop([GlueRun("reconciliation-validation", "jr_none", waiting=False)])
    return status_change.settle(arn, gateway).outcome == "told"


def found_by_the_tick(world: World) -> bool:
    upload = world.arrival().upload
    outcomes = tick.search(timeout_handler(world), datetime.now(UTC) + timedelta(minutes=30))
    return any(each.object_key == upload.key for each in outcomes)


def told(world: World) -> bool:
    job = world.job()
    arn = f"{world.stack.state_machine_arn}:x"
    completed = RunCompleted(job=job, execution_arn=arn, execution_name=job.job_id)
    failed = RunFailed(
        job_id=job.job_id,
        job=job,
        status="FAILED",
        state="ValidateCSV",
        error=ErrorOutput(),
        execution_name=f"{job.job_id}-R1",
        checkpoint_location="s3://checkpoints",
    )
    refused = UploadRefused(upload=world.arrival().upload, code="NOT_CSV", message="não é CSV")
    requests: tuple[AlertRequest, ...] = (completed, failed, refused)
    desk = Notifier(
        NotifierSettings(
            data_bucket=world.stack.data_bucket,
            checkpoints_bucket=world.stack.checkpoints_bucket,
            topic_arn=world.stack.topic_arn,
            chat_topic_arn=world.stack.topic_arn.replace("-alerts", "-chat"),
        ),
        world.client("NotifierRole", "s3"),
        world.client("NotifierRole", "sns"),
    )
    # The second time it is silent, because the first one left its marker.
    return all(
        (first := tell(request, desk, NOW)) is not None
        and first.posted
        and tell(request, desk, NOW) is None
        for request in requests
    )


def completed(world: World) -> bool:
    world.aws.fault()
    past = world.ended(world.execution(world.job()))
    return "Success" in past and "AlertSuccessPlainly" not in past


def told_plainly(world: World) -> bool:
    world.aws.fault(Fault(state="NotifySuccess", error="Lambda.Unknown"), *EVERYTHING_WORKS)
    past = world.ended(world.execution(world.job()))
    return "TaskSucceeded" in past[past.index("AlertSuccessPlainly") :]


def reconciled(world: World) -> bool:
    """The three jobs' own programs, one after the other."""
    upload = world.arrival(SAMPLE).upload
    job_id = world.job().job_id
    root = f"s3://{world.stack.data_bucket}/runs/{job_id}/{job_id}"
    given = {
        "job_id": job_id,
        "execution_name": job_id,
        "bucket_name": upload.bucket,
        "object_key": upload.key,
        "object_version": upload.version,
        "file_hash": runtime.hash_stream(io.BytesIO(SAMPLE)),
        "profiles_path": f"s3://{world.stack.data_bucket}/profiles",
        "data_path": f"s3://{world.stack.data_bucket}",
        "validated_data_path": f"{root}/validation",
        "divergences_path": f"{root}/reconciliation",
    }
    stages: list[tuple[Stage, Any, Any]] = [
        (Stage.VALIDATION, ValidationArguments, run_validation),
        (Stage.RECONCILIATION, ReconciliationArguments, run_reconciliation),
        (Stage.QUICKSIGHT_PREP, PrepArguments, prepare),
    ]
    storage = runtime.S3Storage(world.client("JobRole", "s3"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runtime, "_s3_storage", lambda: storage)
        return all(
            runtime.run_stage(stage, model, work, arguments(given, f"{root}/{stage}")) == 0
            for stage, model, work in stages
        )


def arguments(given: dict[str, str], output: str) -> list[str]:
    named = given | {"output_path": output}
    return [word for name, value in named.items() for word in (f"--{name}", value)]


def trigger(world: World, role: str | None = "TriggerRole") -> Trigger:
    """role None: whoever may do all."""
    client = (lambda name: world.client(role, name)) if role else world.aws.client
    settings = TriggerSettings(
        data_bucket=world.stack.data_bucket,
        state_machine_arn=world.stack.state_machine_arn,
        notifier_function="reconciliation-notifier",
        queue_url=world.stack.queue_url,
    )
    world.aws.fault(*EVERYTHING_WORKS)
    return Trigger(settings, client("s3"), client("stepfunctions"), client("lambda"))


def timeout_handler(world: World) -> TimeoutHandler:
    settings = TimeoutSettings(
        ingress_bucket=world.stack.ingress_bucket,
        data_bucket=world.stack.data_bucket,
        checkpoints_bucket=world.stack.checkpoints_bucket,
        queue_url=world.stack.queue_url,
        state_machine_arn=world.stack.state_machine_arn,
        notifier_function="reconciliation-notifier",
        glue_jobs="reconciliation-validation,reconciliation-reconciliation",
        limit_seconds=1200,
        digest_at="",
        data_sets="",
        refreshes_a_day=24,
    )
    services = ("s3", "stepfunctions", "glue", "sqs", "lambda")
    return TimeoutHandler(
        settings, *(world.client("TimeoutHandlerRole", service) for service in services)
    )


Scenario = Callable[[World], bool]
NEEDED_FOR: dict[Grant, Scenario] = {
    ("TriggerRole", "TakeUploads", "sqs:ChangeMessageVisibility"): hidden,
    ("TriggerRole", "ReadUploads", "s3:GetObject"): started,
    ("TriggerRole", "ReadUploads", "s3:GetObjectVersion"): started,
    ("TriggerRole", "FindObjects", "s3:ListBucket"): started,
    ("TriggerRole", "KeepClaimsAndReceipts", "s3:GetObject"): started,
    ("TriggerRole", "KeepClaimsAndReceipts", "s3:PutObject"): started,
    ("TriggerRole", "NoteArrivals", "s3:PutObject"): started,
    ("TriggerRole", "StartRuns", "states:StartExecution"): started,
    ("TriggerRole", "LookAtRuns", "states:DescribeExecution"): duplicate,
    ("TriggerRole", "Tell", "lambda:InvokeFunction"): duplicate,
    ("CheckpointRole", "ReadResults", "s3:GetObject"): kept,
    ("CheckpointRole", "KeepCheckpoints", "s3:GetObject"): kept,
    ("CheckpointRole", "KeepCheckpoints", "s3:PutObject"): kept,
    ("TimeoutHandlerRole", "ListRuns", "states:ListExecutions"): found_by_the_tick,
    ("TimeoutHandlerRole", "LookAtRuns", "states:DescribeExecution"): settled,
    ("TimeoutHandlerRole", "LookAtRuns", "states:GetExecutionHistory"): settled,
    ("TimeoutHandlerRole", "StopStrayJobs", "glue:GetJobRuns"): settled,
    ("TimeoutHandlerRole", "StopStrayJobs", "glue:BatchStopJobRun"): settled,
    ("TimeoutHandlerRole", "FindObjects", "s3:ListBucket"): found_by_the_tick,
    ("TimeoutHandlerRole", "FindUploads", "s3:ListBucketVersions"): found_by_the_tick,
    ("TimeoutHandlerRole", "ReadResults", "s3:GetObject"): settled,
    ("TimeoutHandlerRole", "ReadReceipts", "s3:GetObject"): found_by_the_tick,
    ("TimeoutHandlerRole", "ReadWhatIsExpected", "s3:GetObject"): found_by_the_tick,
    ("TimeoutHandlerRole", "KeepCheckpoints", "s3:GetObject"): settled,
    ("TimeoutHandlerRole", "KeepCheckpoints", "s3:PutObject"): settled,
    ("TimeoutHandlerRole", "MarkMissedUploads", "s3:PutObject"): found_by_the_tick,
    ("TimeoutHandlerRole", "SendMissedUploads", "sqs:SendMessage"): found_by_the_tick,
    ("TimeoutHandlerRole", "Tell", "lambda:InvokeFunction"): settled,
    ("NotifierRole", "ReadResults", "s3:GetObject"): told,
    ("NotifierRole", "ReadCheckpoints", "s3:GetObject"): told,
    ("NotifierRole", "ReadAlertMarkersOfUploads", "s3:GetObject"): told,
    ("NotifierRole", "MarkAlerts", "s3:PutObject"): told,
    ("NotifierRole", "Publish", "sns:Publish"): told,
    ("NotifierRole", "PublishToChat", "sns:Publish"): told,
    ("PipelineRole", "RunJobs", "glue:StartJobRun"): completed,
    ("PipelineRole", "RunJobs", "glue:GetJobRun"): completed,
    ("PipelineRole", "RunJobs", "glue:GetJobRuns"): completed,
    ("PipelineRole", "RunJobs", "glue:BatchStopJobRun"): completed,
    ("PipelineRole", "CallFunctions", "lambda:InvokeFunction"): completed,
    ("PipelineRole", "Publish", "sns:Publish"): told_plainly,
    ("JobRole", "ReadUploads", "s3:GetObject"): reconciled,
    ("JobRole", "ReadUploads", "s3:GetObjectVersion"): reconciled,
    ("JobRole", "FindObjects", "s3:ListBucket"): reconciled,
    ("JobRole", "ReadCodeProfilesAndReferences", "s3:GetObject"): reconciled,
    ("JobRole", "KeepResults", "s3:GetObject"): reconciled,
    ("JobRole", "KeepResults", "s3:PutObject"): reconciled,
}

LOGS = "the embedded AWS writes logs itself"
TRACES = "there is no X-Ray in the embedded AWS"
POLLS = "the mapping of the embedded AWS polls the queue under nobody"
MISSING = (
    "on AWS without it S3 answers 403, not 404, for what is not there; the embedded AWS says 404"
)
LAMBDA_S = (
    "Lambda's own, when an asynchronous call failed for good; the embedded AWS acts under nobody"
)
SCHEDULER_S = "the embedded AWS's scheduler acts under nobody"
MULTIPART = "boto3's, when a large upload breaks off"
SPARK_S = "Spark's own files, on Glue; here Spark stages on the disk"
KMS = "the embedded AWS encrypts nothing"
QUICKSIGHT = "there is no QuickSight in the embedded AWS, and without it nothing is refreshed"
NOT_JUDGED: dict[Grant, str] = {
    ("KeyUse", "UseTheKey", "kms:GenerateDataKey"): KMS,
    ("KeyUse", "UseTheKey", "kms:Decrypt"): KMS,
    ("QuickSightRefresh", "RefreshDataSets", "quicksight:CreateIngestion"): QUICKSIGHT,
    ("QuickSightRefresh", "RefreshDataSets", "quicksight:DescribeIngestion"): QUICKSIGHT,
    ("QuickSightRefresh", "SeeChanges", "s3:GetObject"): QUICKSIGHT,
    ("QuickSightRefresh", "KeepRefreshes", "s3:GetObject"): QUICKSIGHT,
    ("QuickSightRefresh", "KeepRefreshes", "s3:PutObject"): QUICKSIGHT,
    **{
        (f"{function}Role", sid, action): reason
        for function in ("Trigger", "Checkpoint", "TimeoutHandler", "Notifier")
        for sid, action, reason in (
            ("Log", "logs:CreateLogStream", LOGS),
            ("Log", "logs:PutLogEvents", LOGS),
            ("Trace", "xray:PutTraceSegments", TRACES),
            ("Trace", "xray:PutTelemetryRecords", TRACES),
        )
    },
    ("TriggerRole", "TakeUploads", "sqs:ReceiveMessage"): POLLS,
    ("TriggerRole", "TakeUploads", "sqs:DeleteMessage"): POLLS,
    ("TriggerRole", "TakeUploads", "sqs:GetQueueAttributes"): POLLS,
    ("CheckpointRole", "FindObjects", "s3:ListBucket"): MISSING,
    ("NotifierRole", "FindObjects", "s3:ListBucket"): MISSING,
    ("TimeoutHandlerRole", "KeepWhatFails", "sqs:SendMessage"): LAMBDA_S,
    ("NotifierRole", "KeepWhatFails", "sqs:SendMessage"): LAMBDA_S,
    ("TickRole", "Tick", "lambda:InvokeFunction"): SCHEDULER_S,
    ("TickRole", "KeepWhatFails", "sqs:SendMessage"): SCHEDULER_S,
    **{
        ("JobRole", "Log", action): LOGS
        for action in ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    },
    ("JobRole", "KeepResults", "s3:AbortMultipartUpload"): MULTIPART,
    **{
        ("JobRole", "StageForSpark", f"s3:{action}"): SPARK_S
        for action in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")
    },
    **{
        ("PipelineRole", "Trace", f"xray:{action}"): TRACES
        for action in (
            "PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets",
        )
    },
    **{
        ("PipelineRole", "DeliverLogs", f"logs:{action}"): LOGS
        for action in (
            "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery",
            "ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups",
        )
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("checkout")
    for job in ("validation", "reconciliation", "quicksight_prep"):
        (root / "jobs" / job).mkdir(parents=True)
        (root / "jobs" / job / "__main__.py").write_text("")  # does nothing, and well
    with EmbeddedAWS(auth=True, jobs_root=root, wait_scale=0) as aws:
        stack = deploy(aws, parameters={"Chat": "yes"})
        # Uploads and messages are these tests' own to give.
        functions = aws.client("lambda")
        (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        aws.client("s3").put_bucket_notification_configuration(
            Bucket=stack.ingress_bucket, NotificationConfiguration={}
        )
        resources = aws.client("cloudformation").describe_stack_resources(StackName=stack.name)
        roles = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources["StackResources"]
            if resource["ResourceType"] == "AWS::IAM::Role"
        }
        yield World(aws, stack, roles)


REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")


def works(scenario: Scenario, world: World) -> bool:
    try:
        return scenario(world)
    except ClientError as error:
        assert error.response["Error"]["Code"] in REFUSALS
        return False


SHOWN_BY: dict[Scenario, str] = {
    started: "an upload is taken in and its run started",
    duplicate: "a second upload of the same bytes is told as a duplicate",
    hidden: "a message that is worked on is hidden from others",
    kept: "a failure is kept as a checkpoint",
    settled: "a run that somebody stopped is kept and told, and its Glue runs are stopped",
    found_by_the_tick: "the tick sends an upload again whose event was lost",
    told: "an end, a failure and a refusal are told once each",
    completed: "a run passes its three jobs and its notice",
    told_plainly: "a run whose notifier fails is told by the state machine itself",
    reconciled: "the three jobs' programs make a result",
}
PAGE = """# Permissions

What each role may do, statement by statement, and what shows that it must. Made of the two lists in
`tests/aws/test_embedded_permissions.py`, whose test fails when an action of the template is in neither, or this page is
not theirs. It is made anew by

    .venv/bin/python -m tests.aws.test_embedded_permissions > docs/permissions.md

**Shown**: the embedded AWS enforces the template's own policies; the action is taken out of its statement, and what it
is there for fails; with all actions it works. {shown} actions.

    make setup-test && .venv/bin/python -m pytest tests/aws/test_embedded_permissions.py

**Not judged**: the embedded AWS cannot tell whether the action is needed, for the reason given. These {not_judged}
actions rest on AWS's documentation and on linters; they were not seen on an account.

{table}

## Resources of `*`

Only where AWS knows no resource of that action, each with its reason beside it in the template (`Wildcards`, which
`tests/contract/test_template.py` checks): X-Ray's actions, and the log deliveries of the state machine.

## Policies of resources

Buckets, queues and topics refuse plain HTTP and other accounts: `tests/contract/test_template.py` checks the
statements.
The embedded AWS is spoken to without TLS and is told that it is TLS, so nobody was seen to be refused there.

## Who may take a role

Step Functions' role and the scheduler's are for this account only (`aws:SourceAccount`, and the state machine's own
ARN), as AWS documents for both. For the roles of Lambda, Glue and QuickSight no word was found in their guides that
these services send the keys, and there is [no list](https://github.com/prowler-cloud/prowler/issues/2810) of those
that do. A key that is not sent makes the condition false, and then no function, job or query could take its role at
all. So they have none. Nothing is open for that: whoever makes a function, a job or a data source hands it its role,
and `iam:PassRole` hands a role to a service of
[the same account](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html) only.
"""


def page() -> str:
    rows = [
        ("shown" if grant in NEEDED_FOR else "not judged", *grant)
        for grant in sorted({*NEEDED_FOR, *NOT_JUDGED})
    ]
    lines = ["| role | statement | action | | what shows it, or why nothing does |"]
    lines += ["|---|---|---|---|---|"]
    for how, role, sid, action in rows:
        grant = (role, sid, action)
        why = SHOWN_BY[NEEDED_FOR[grant]] if grant in NEEDED_FOR else NOT_JUDGED[grant]
        lines.append(f"| {role} | {sid} | `{action}` | {how} | {why} |")
    return PAGE.format(shown=len(NEEDED_FOR), not_judged=len(NOT_JUDGED), table="\n".join(lines))


def test_the_page_of_permissions_is_made_of_these_lists() -> None:
    assert (TEMPLATE.parents[1] / "docs" / "permissions.md").read_text(encoding="utf-8") == page()


def test_every_action_of_every_role_is_judged_or_named_with_a_reason() -> None:
    assert NEEDED_FOR.keys().isdisjoint(NOT_JUDGED)
    assert {*NEEDED_FOR, *NOT_JUDGED} == set(grants())


SCENARIOS = list(dict.fromkeys(NEEDED_FOR.values()))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_with_all_that_the_policies_allow_it_works(world: World, scenario: Scenario) -> None:
    assert works(scenario, world)


def named(grant: Grant) -> str:
    return "-".join(grant).replace(":", "-")


# The slow ones run executions or jobs.
@pytest.mark.parametrize(
    "grant",
    [
        pytest.param(
            grant,
            id=named(grant),
            marks=[pytest.mark.slow] * (grant[0] in ("PipelineRole", "JobRole")),
        )
        for grant in NEEDED_FOR
    ],
)
def test_without_an_action_what_it_is_there_for_fails(world: World, grant: Grant) -> None:
    with world.without(grant):
        assert not works(NEEDED_FOR[grant], world)


if __name__ == "__main__":
    sys.stdout.write(page())
