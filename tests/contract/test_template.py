"""What AWS would only tell at three in the morning: names, roles, limits, queues and alarms of the template."""

from __future__ import annotations

import importlib
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import pytest

from jobs.reconciliation.engine import EngineName
from services.trigger.redelivery import PAUSES, while_it_is_taken
from shared.layout import (
    ATHENA,
    CODE,
    JOBS_ARCHIVE_KEY,
    PROFILES,
    REFERENCE,
    STAGING,
    Stage,
    job_script_key,
)
from shared.settings import EnvironmentSettings

ROOT = Path(__file__).parents[2]
DATA = "reconciliation-data-123456789012-sa-east-1"
PIPELINE = "arn:aws:states:sa-east-1:123456789012:stateMachine:reconciliation-pipeline"
FUNCTIONS = {
    "Trigger": "trigger",
    "Checkpoint": "checkpoint",
    "TimeoutHandler": "timeout_handler",
    "Notifier": "notifier",
}
JOBS = {
    "ValidationJob": Stage.VALIDATION,
    "ReconciliationJob": Stage.RECONCILIATION,
    "QuickSightPrepJob": Stage.QUICKSIGHT_PREP,
}
BUCKETS = ("IngressBucket", "DataBucket", "CheckpointsBucket")


# Names


def test_the_names_are_the_ones_people_were_promised(template: Any) -> None:
    named = {
        "AWS::Serverless::Function": "FunctionName",
        "AWS::Serverless::StateMachine": "Name",
        "AWS::Glue::Job": "Name",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SNS::Topic": "TopicName",
    }
    names = {p[key] for kind, key in named.items() for p in template.of_type(kind).values()}
    assert names == {
        "reconciliation-trigger",
        "reconciliation-checkpoint",
        "reconciliation-timeout-handler",
        "reconciliation-notifier",
        "reconciliation-pipeline",
        "reconciliation-validation",
        "reconciliation-reconciliation",
        "reconciliation-quicksight-prep",
        "reconciliation-ingress-123456789012-sa-east-1",
        "reconciliation-data-123456789012-sa-east-1",
        "reconciliation-checkpoints-123456789012-sa-east-1",
        "reconciliation-alerts",
        "reconciliation-chat",
    }
    assert template.properties("PipelineRole")["RoleName"] == "ReconciliationStepFunctionsRole"
    assert (
        template.properties("PipelineLogs")["LogGroupName"] == "/aws/stepfunctions/reconciliation"
    )


def test_another_prefix_shares_no_name_with_the_default_one(template: Any) -> None:
    naming = {f"{kind}Name" for kind in ("", "Alarm", "Bucket", "Dashboard", "Function", "LogGroup",
                                         "ManagedPolicy", "Queue", "Role", "Rule", "Topic")}  # fmt: skip

    def names(value: Any) -> set[str]:
        if not isinstance(value, dict):
            return set()
        own = {value[key] for key in naming & value.keys()} - {"glueetl"}
        # A table's name is its database's own matter.
        return own.union(*(names(part) for key, part in value.items() if key != "TableInput"))

    ours = names(template.resources)
    theirs = names(type(template)(template.document, Prefix="staging").resources)
    assert len(ours) == len(theirs) > 30
    assert not ours & theirs


def test_another_region_shares_no_name_that_is_of_the_account(template: Any) -> None:
    there = type(template)(template.document, PipelineRoleName="Other")
    there.region = "us-east-1"
    for kind, naming in (("AWS::IAM::Role", "RoleName"), ("AWS::CloudWatch::Dashboard", "DashboardName"),
                         ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
                         ("AWS::S3::Bucket", "BucketName")):  # fmt: skip
        ours = {properties[naming] for properties in template.of_type(kind).values()}
        assert not ours & {properties[naming] for properties in there.of_type(kind).values()}
        assert all(len(name) <= 64 for name in ours)


def test_the_outputs_name_what_the_command_line_needs(template: Any) -> None:
    assert set(template.outputs) == {
        "IngressBucket", "DataBucket", "CheckpointsBucket", "TopicArn", "ChatTopicArn", "DashboardUrl",
        "StateMachineArn", "QueueUrl", "DlqUrl", "UndeliveredQueueUrl", "TriggerFunction", "CheckpointFunction",
        "TimeoutHandlerFunction", "NotifierFunction",
    }  # fmt: skip


# Functions


@pytest.mark.parametrize(("logical_id", "service"), FUNCTIONS.items())
def test_each_function_is_a_service_with_its_own_role_and_logs(
    template: Any, logical_id: str, service: str
) -> None:
    function = template.properties(logical_id)
    assert function["Handler"] == f"services.{service}.handler.lambda_handler"
    assert function["CodeUri"] == "."
    assert template.resources[logical_id]["Metadata"]["BuildMethod"] == "makefile"
    assert function["Role"] == f"{template.properties(f'{logical_id}Role')['RoleName']}.Arn"
    logs = template.properties(f"{logical_id}Logs")
    assert function["LoggingConfig"] == {"LogGroup": logs["LogGroupName"]}
    assert logs["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
    assert isinstance(function["Timeout"], int)


def test_all_functions_are_traced_arm_and_of_one_runtime(template: Any) -> None:
    shared = template.function_globals
    assert (shared["Runtime"], shared["Architectures"]) == ("python3.13", ["arm64"])
    assert shared["Tracing"] == "Active"
    assert shared["Environment"]["Variables"]["PYDANTIC_DISABLE_PLUGINS"] == "1"
    for function in template.of_type("AWS::Serverless::Function").values():
        assert not {"Runtime", "Architectures", "Tracing"} & function.keys()


@pytest.mark.parametrize(("logical_id", "service"), FUNCTIONS.items())
def test_a_function_gets_exactly_the_settings_it_reads(
    template: Any, logical_id: str, service: str
) -> None:
    module = importlib.import_module(f"services.{service}.settings")
    models = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, EnvironmentSettings)
        and value is not EnvironmentSettings
    ]
    assert len(models) == 1
    given = template.properties(logical_id)["Environment"]["Variables"]
    ours = {name: value for name, value in given.items() if not name.startswith("POWERTOOLS_")}
    assert set(ours) == {name.upper() for name in models[0].model_fields}
    assert all(isinstance(value, str) for value in ours.values())
    models[0].model_validate({name.lower(): value for name, value in ours.items()})
    # The dimension of its metrics: two stages in one account must not add up.
    assert given["POWERTOOLS_SERVICE_NAME"] == template.properties(logical_id)["FunctionName"]


def test_the_trigger_takes_batches_that_fail_in_part_from_a_queue_that_waits_for_it(
    template: Any,
) -> None:
    event = template.properties("Trigger")["Events"]["Uploads"]["Properties"]
    queue = template.properties("UploadQueue")
    assert event["Queue"] == f"{queue['QueueName']}.Arn"
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["BatchSize"] == 1
    assert event["ScalingConfig"]["MaximumConcurrency"] == 10
    assert queue["VisibilityTimeout"] == 6 * template.properties("Trigger")["Timeout"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": "reconciliation-uploads-dlq.Arn",
        "maxReceiveCount": 5,
    }


def test_a_poison_message_is_a_dead_letter_within_twelve_minutes(template: Any) -> None:
    """Whether each attempt fails at once, at its last moment, or kills the function."""
    longest = while_it_is_taken(1000 * template.properties("Trigger")["Timeout"])
    assert max(PAUSES) < longest
    receives = template.properties("UploadQueue")["RedrivePolicy"]["maxReceiveCount"]
    assert receives * longest < 12 * 60


@pytest.mark.parametrize("logical_id", ["Notifier", "TimeoutHandler"])
def test_what_is_invoked_asynchronously_keeps_what_it_could_not_deal_with(
    template: Any, logical_id: str
) -> None:
    destination = template.properties(logical_id)["EventInvokeConfig"]["DestinationConfig"][
        "OnFailure"
    ]
    assert destination == {"Type": "SQS", "Destination": "reconciliation-undelivered.Arn"}
    assert any(
        statement["Action"] == ["sqs:SendMessage"]
        and statement["Resource"] == ["reconciliation-undelivered.Arn"]
        for statement in template.statements(f"{logical_id}Role")
    )


@pytest.mark.parametrize("event", ["EndedBadly", "Tick"])
def test_what_never_reached_the_timeout_handler_is_kept_too(template: Any, event: str) -> None:
    source = template.properties("TimeoutHandler")["Events"][event]["Properties"]
    assert source["DeadLetterConfig"] == {"Arn": "reconciliation-undelivered.Arn"}


def test_the_timeout_handler_hears_of_bad_ends_of_this_pipeline_only(template: Any) -> None:
    pattern = template.properties("TimeoutHandler")["Events"]["EndedBadly"]["Properties"]["Pattern"]
    assert pattern == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [PIPELINE], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    }


def test_the_tick_says_that_it_is_one(template: Any) -> None:
    tick = template.properties("TimeoutHandler")["Events"]["Tick"]["Properties"]
    assert json.loads(tick["Input"]) == {"source": "recon.tick"}
    assert tick["ScheduleExpression"] == "rate(1 minute)"


# Roles


def test_no_two_things_share_a_role_but_the_three_jobs(template: Any) -> None:
    users: dict[str, list[str]] = {}
    for logical_id, resource in template.resources.items():
        properties = resource["Properties"]
        roles = [properties.get("Role")] + [
            event["Properties"].get("RoleArn") for event in properties.get("Events", {}).values()
        ]
        for role in filter(None, roles):
            users.setdefault(role, []).append(logical_id)
    assert set(users) == {
        f"{p['RoleName']}.Arn" for p in template.of_type("AWS::IAM::Role").values()
    }
    assert users.pop("reconciliation-jobs-sa-east-1.Arn") == list(JOBS)
    assert all(len(logical_ids) == 1 for logical_ids in users.values())


def test_no_role_allows_more_than_named_actions(template: Any) -> None:
    for role, properties in template.of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in properties
        for statement in template.statements(role):
            assert statement["Effect"] == "Allow"
            assert all("*" not in action for action in statement["Action"]), role


def test_a_statement_on_every_resource_says_why(template: Any) -> None:
    for role in template.of_type("AWS::IAM::Role"):
        on_everything = {s["Sid"] for s in template.statements(role) if "*" in s["Resource"]}
        reasons = template.resources[role].get("Metadata", {}).get("Wildcards", {})
        assert on_everything == set(reasons), role


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_a_function_may_write_its_own_logs_only(template: Any, logical_id: str) -> None:
    group = template.properties(f"{logical_id}Logs")["LogGroupName"]
    logging = [s for s in template.statements(f"{logical_id}Role") if s["Sid"] == "Log"]
    assert [s["Resource"] for s in logging] == [
        [f"arn:aws:logs:sa-east-1:123456789012:log-group:{group}:*"]
    ]


def test_the_pipeline_may_start_and_stop_its_jobs_and_call_its_functions(template: Any) -> None:
    allowed = {s["Sid"]: (s["Action"], s["Resource"]) for s in template.statements("PipelineRole")}
    jobs = [
        f"arn:aws:glue:sa-east-1:123456789012:job/{template.properties(job)['Name']}"
        for job in JOBS
    ]
    assert allowed["RunJobs"] == (
        ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
        jobs,
    )
    called = [f"{template.properties(f)['FunctionName']}.Arn" for f in FUNCTIONS if f != "Trigger"]
    assert allowed["CallFunctions"] == (["lambda:InvokeFunction"], called)
    assert allowed["Publish"] == (["sns:Publish"], ["reconciliation-alerts"])


# Logs


def test_every_log_group_has_the_retention_of_the_parameter(template: Any) -> None:
    assert template.parameters["LogRetentionDays"]["Default"] == 90
    groups = template.of_type("AWS::Logs::LogGroup")
    assert len(groups) == 7
    assert {group["RetentionInDays"] for group in groups.values()} == {90}


def test_the_pipeline_logs_everything_and_is_traced(template: Any) -> None:
    pipeline = template.properties("Pipeline")
    assert pipeline["Logging"] == {
        "Level": "ALL",
        "IncludeExecutionData": True,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": "/aws/stepfunctions/reconciliation.Arn"}}
        ],
    }
    assert pipeline["Tracing"] == {"Enabled": True}


# Buckets, queues, topic


@pytest.mark.parametrize("logical_id", BUCKETS)
def test_a_bucket_is_versioned_encrypted_private_tls_only_and_outlives_the_stack(
    template: Any, logical_id: str
) -> None:
    bucket = template.properties(logical_id)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rules == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert template.resources[logical_id]["DeletionPolicy"] == "Retain"
    policy = template.properties(f"{logical_id}Policy")
    assert policy["Bucket"] == bucket["BucketName"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    arn = f"{bucket['BucketName']}.Arn"
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert refuses_plain_http(statement)


def refuses_plain_http(statement: dict[str, Any]) -> bool:
    return (statement["Effect"], statement["Principal"], statement["Condition"]) == (
        "Deny", "*", {"Bool": {"aws:SecureTransport": "false"}},
    )  # fmt: skip


def test_uploads_and_results_end_by_parameter_and_intake_never(template: Any) -> None:
    rules = {
        (bucket, rule.get("Prefix", "")): rule["ExpirationInDays"]
        for bucket in BUCKETS
        for rule in template.properties(bucket)["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert rules == {
        ("IngressBucket", ""): 1825,
        ("DataBucket", "runs/"): 1825,
        ("DataBucket", "curated/"): 1825,
        ("DataBucket", ATHENA): 7,
        ("DataBucket", STAGING): 1,
        ("CheckpointsBucket", ""): 1825,
    }
    assert template.parameters["RetentionDays"]["Default"] == 1825
    for bucket in BUCKETS:
        kept = template.properties(bucket)["LifecycleConfiguration"]["Rules"]
        replaced = {
            rule.get("Prefix", ""): rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for rule in kept
            if "NoncurrentVersionExpiration" in rule
        }
        # A versioned bucket keeps what its own expiry removes: what is staged would stay for 90 days.
        passing = {ATHENA: 1, STAGING: 1} if bucket == "DataBucket" else {}
        assert replaced == {"": 90} | passing


def test_every_new_object_is_announced_to_the_queue(template: Any) -> None:
    assert template.properties("IngressBucket")["NotificationConfiguration"] == {
        "QueueConfigurations": [
            {"Event": "s3:ObjectCreated:*", "Queue": "reconciliation-uploads.Arn"}
        ]
    }
    allowed, _ = template.properties("UploadQueuePolicy")["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Condition"] == {
        "ArnEquals": {
            "aws:SourceArn": "arn:aws:s3:::reconciliation-ingress-123456789012-sa-east-1"
        },
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    # S3 tries the queue when it takes the notification.
    assert template.resources["IngressBucket"]["DependsOn"] == "UploadQueuePolicy"


def test_every_queue_is_encrypted_refuses_plain_http_and_keeps_messages_for_two_weeks(
    template: Any,
) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    policies = template.of_type("AWS::SQS::QueuePolicy")
    assert {policy["Queues"][0] for policy in policies.values()} == {
        q["QueueName"] for q in queues.values()
    }
    for queue in queues.values():
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    for policy in policies.values():
        assert refuses_plain_http(policy["PolicyDocument"]["Statement"][-1])


def test_alarms_of_this_account_may_publish_and_nobody_over_plain_http(template: Any) -> None:
    alarms, tls = template.properties("AlertTopicPolicy")["PolicyDocument"]["Statement"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert refuses_plain_http(tls)


def test_a_chat_has_a_topic_of_its_own_by_parameter(template: Any) -> None:
    for part in ("ChatTopic", "ChatTopicPolicy", "ChatAlarm"):
        assert template.resources[part]["Condition"] == "HasChat"
    assert template.outputs["ChatTopicArn"]["Condition"] == "HasChat"
    assert not template.holds("HasChat")
    variable = "CHAT_TOPIC_ARN"
    assert template.properties("Notifier")["Environment"]["Variables"][variable] == ""
    chatting = type(template)(template.document, Chat="yes")
    assert chatting.properties("Notifier")["Environment"]["Variables"][variable] == (
        "reconciliation-chat"
    )
    (tls,) = template.properties("ChatTopicPolicy")["PolicyDocument"]["Statement"]
    assert refuses_plain_http(tls)
    for stack, topics in (
        (template, [["reconciliation-alerts"]]),
        (chatting, [["reconciliation-alerts"], ["reconciliation-chat"]]),
    ):
        may = [
            s["Resource"]
            for s in stack.statements("NotifierRole")
            if s["Action"] == ["sns:Publish"]
        ]
        assert may == topics


# The key, by parameter. What KMS makes of its policy is not run here.


def test_without_the_parameter_there_is_no_key(template: Any) -> None:
    assert not template.holds("HasCustomerKey")
    for logical_id in ("Key", "KeyAlias", "KeyUse"):
        assert template.resources[logical_id]["Condition"] == "HasCustomerKey"
    for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup"):
        assert "Key.Arn" not in str(template.of_type(kind))


@pytest.fixture
def encrypted(template: Any) -> Any:
    return type(template)(template.document, CustomerKey="yes")


def test_with_it_the_key_is_that_of_every_bucket_queue_log_group_and_of_the_topic(
    encrypted: Any,
) -> None:
    for logical_id in BUCKETS:
        bucket = encrypted.properties(logical_id)
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
            {
                "ServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms",
                    "KMSMasterKeyID": "Key.Arn",
                },
                "BucketKeyEnabled": True,
            }
        ]
    for queue in encrypted.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == "Key.Arn"
        assert "SqsManagedSseEnabled" not in queue  # SQS takes one of the two
    for topic in encrypted.of_type("AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == "Key.Arn"
    groups = encrypted.of_type("AWS::Logs::LogGroup").values()
    assert {group["KmsKeyId"] for group in groups} == {"Key.Arn"}


def test_every_role_may_use_the_key_through_the_three_services_only(encrypted: Any) -> None:
    use = encrypted.properties("KeyUse")
    roles = {p["RoleName"] for p in encrypted.of_type("AWS::IAM::Role").values()}
    assert set(use["Roles"]) == roles
    (statement,) = use["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert statement["Resource"] == "Key.Arn"
    via = statement["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == [f"{service}.sa-east-1.amazonaws.com" for service in ("s3", "sqs", "sns")]


def test_each_publisher_of_aws_s_own_may_use_the_key_and_logs_for_our_groups_only(
    encrypted: Any,
) -> None:
    key = encrypted.properties("Key")
    assert key["EnableKeyRotation"] is True
    account, publishers, logs = key["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    # S3 sends to the uploads' queue, alarms to the topic, EventBridge what it could not deliver to a queue.
    assert publishers["Principal"]["Service"] == [
        "s3.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    ]
    assert publishers["Action"] == ["kms:GenerateDataKey*", "kms:Decrypt"]
    assert logs["Principal"] == {"Service": "logs.sa-east-1.amazonaws.com"}
    allowed = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    groups = encrypted.of_type("AWS::Logs::LogGroup").values()
    arns = [f"arn:aws:logs:sa-east-1:123456789012:log-group:{g['LogGroupName']}" for g in groups]
    assert all(any(fnmatchcase(arn, pattern) for pattern in allowed) for arn in arns)


# Jobs


@pytest.mark.parametrize(("logical_id", "stage"), JOBS.items())
def test_a_job_is_pinned_queues_and_is_never_retried_by_glue(
    template: Any, logical_id: str, stage: Stage
) -> None:
    job = template.properties(logical_id)
    assert job["GlueVersion"] == "6.0"
    assert (job["WorkerType"], job["NumberOfWorkers"]) == ("G.1X", 2)
    assert job["MaxRetries"] == 0
    assert job["JobRunQueuingEnabled"] is True
    assert job["ExecutionProperty"]["MaxConcurrentRuns"] > 1
    assert job["Command"] == {
        "Name": "glueetl",
        "PythonVersion": "3",
        "ScriptLocation": f"s3://{DATA}/{job_script_key(stage)}",
    }


@pytest.mark.parametrize("logical_id", JOBS)
def test_a_job_outlives_the_runs_limit_only_just(template: Any, logical_id: str) -> None:
    limit = template.parameters["LimitSeconds"]
    assert limit["Default"] == limit["MaxValue"] == 1200
    seconds = template.properties(logical_id)["Timeout"] * 60
    assert limit["MaxValue"] < seconds <= limit["MaxValue"] + 60


@pytest.mark.parametrize("logical_id", JOBS)
def test_a_job_finds_its_code_profiles_and_pins(template: Any, logical_id: str) -> None:
    arguments = template.properties(logical_id)["DefaultArguments"]
    assert all(isinstance(value, str) for value in arguments.values())
    assert arguments["--extra-py-files"] == f"s3://{DATA}/{JOBS_ARCHIVE_KEY}"
    assert arguments["--profiles_path"] == f"s3://{DATA}/{PROFILES}".rstrip("/")
    assert arguments["--job-bookmark-option"] == "job-bookmark-disable"
    lock = (ROOT / "requirements" / "jobs.txt").read_text()
    locked = set(re.findall(r"^([\w.-]+==[\w.]+)", lock, re.MULTILINE))
    in_glue = {"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"}
    wanted = {pin for pin in locked if pin.partition("==")[0] not in in_glue}
    assert set(arguments["--additional-python-modules"].split(",")) == wanted


@pytest.mark.parametrize("engine", get_args(EngineName))
def test_the_engine_is_the_jobs_own_argument_by_parameter(template: Any, engine: str) -> None:
    """Nothing else passes it, so a job that is edited in Glue runs on another one without a deployment."""
    assert template.parameters["Engine"]["AllowedValues"] == list(get_args(EngineName))
    deployed = type(template)(template.document, Engine=engine)
    arguments = deployed.properties("ReconciliationJob")["DefaultArguments"]
    assert arguments["--engine"] == engine
    assert "--engine" not in (ROOT / "infra" / "pipeline.asl.json").read_text()


def test_sparks_workers_share_a_folder_that_the_jobs_may_write_and_empty(template: Any) -> None:
    arguments = template.properties("ReconciliationJob")["DefaultArguments"]
    assert arguments["--staging_path"] == f"s3://{DATA}/{STAGING}".rstrip("/")
    (staging,) = (s for s in template.statements("JobRole") if s["Sid"] == "StageForSpark")
    # A task writes under a name of its own, which is then copied and deleted: S3 cannot rename.
    assert staging["Action"] == [
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
    ]  # fmt: skip
    assert staging["Resource"] == [f"arn:aws:s3:::{DATA}/{STAGING}*"]
    deleting = {
        resource
        for statement in template.statements("JobRole")
        if "s3:DeleteObject" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert deleting == set(staging["Resource"])  # results are never deleted by a job


def test_the_jobs_may_read_what_others_put_and_not_change_it(template: Any) -> None:
    given = {f"arn:aws:s3:::{DATA}/{prefix}*" for prefix in (CODE, PROFILES, REFERENCE)}
    allowed = [s["Action"] for s in template.statements("JobRole") if given & set(s["Resource"])]
    assert allowed == [["s3:GetObject"]]


def test_the_jobs_logs_go_where_their_groups_are(template: Any) -> None:
    prefixes = {
        template.properties(job)["DefaultArguments"]["--custom-logGroup-prefix"] for job in JOBS
    }
    assert prefixes == {"/aws-glue/reconciliation"}
    groups = {
        template.properties(logs)["LogGroupName"] for logs in ("JobOutputLogs", "JobErrorLogs")
    }
    assert groups == {"/aws-glue/reconciliation/output", "/aws-glue/reconciliation/error"}


# Alarms

STATES = ("AWS/States", {"StateMachineArn": "reconciliation-pipeline"})
# name -> namespace, dimensions, metric, statistic, comparison, threshold in the metric's own unit
ALARMS = {
    "reconciliation-pipeline-failures": (*STATES, "ExecutionsFailed", "Sum", ">=", 1),
    "reconciliation-pipeline-timed-out": (*STATES, "ExecutionsTimedOut", "Sum", ">=", 1),
    "reconciliation-pipeline-aborted": (*STATES, "ExecutionsAborted", "Sum", ">=", 1),
    "reconciliation-pipeline-slow": (*STATES, "ExecutionTime", "p100", ">", 18 * 60 * 1000),
    "reconciliation-uploads-dlq-not-empty": (
        "AWS/SQS", {"QueueName": "reconciliation-uploads-dlq.QueueName"},
        "ApproximateNumberOfMessagesVisible", "Maximum", ">=", 1,
    ),
    "reconciliation-undelivered-not-empty": (
        "AWS/SQS", {"QueueName": "reconciliation-undelivered.QueueName"},
        "ApproximateNumberOfMessagesVisible", "Maximum", ">=", 1,
    ),
    "reconciliation-uploads-waiting": (
        "AWS/SQS", {"QueueName": "reconciliation-uploads.QueueName"},
        "ApproximateAgeOfOldestMessage", "Maximum", ">", 300,
    ),
    "reconciliation-uploads-failing": (
        "Reconciliation", {"service": "reconciliation-trigger"}, "FailedMessageAge", "Maximum", ">", 60,
    ),
    **{
        f"reconciliation-{name}-{metric.lower()}": (
            "AWS/Lambda", {"FunctionName": f"reconciliation-{name}"}, metric, "Sum", ">=", 1,
        )
        for name in ("trigger", "checkpoint", "timeout-handler", "notifier")
        for metric in ("Errors", "Throttles")
    },
    "reconciliation-chat-failed": (
        "Reconciliation", {"service": "reconciliation-notifier"}, "ChatFailed", "Sum", ">=", 1,
    ),
    "reconciliation-ended-badly-failures": (
        "AWS/Events", {"RuleName": "reconciliation-ended-badly"}, "FailedInvocations", "Sum", ">=", 1,
    ),
}  # fmt: skip
COMPARISONS = {">=": "GreaterThanOrEqualToThreshold", ">": "GreaterThanThreshold"}


def test_there_is_an_alarm_for_each_way_of_going_wrong(template: Any) -> None:
    names = {alarm["AlarmName"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()}
    assert names == {*ALARMS, "reconciliation-no-runs"}


def test_that_no_run_was_started_is_an_alarm_by_parameter(template: Any) -> None:
    assert template.resources["SilenceAlarm"]["Condition"] == "WatchesSilence"
    assert not template.holds("WatchesSilence")
    watching = type(template)(template.document, SilenceHours="24")
    assert watching.holds("WatchesSilence")
    alarm = watching.properties("SilenceAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/States", "ExecutionsStarted")
    assert alarm["Dimensions"] == watching.properties("FailuresAlarm")["Dimensions"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, "24")
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Sum",
        "LessThanThreshold",
        1,
    )
    assert alarm["TreatMissingData"] == "breaching"
    assert "Unit" not in alarm
    assert alarm["AlarmActions"] == ["reconciliation-alerts"]
    # CloudWatch looks back seven days at most where periods are hours.
    assert template.parameters["SilenceHours"]["MaxValue"] * alarm["Period"] <= 7 * 24 * 3600


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_a_metric_that_exists_in_its_own_unit(template: Any, name: str) -> None:
    (alarm,) = (
        a for a in template.of_type("AWS::CloudWatch::Alarm").values() if a["AlarmName"] == name
    )
    namespace, dimensions, metric, statistic, comparison, threshold = ALARMS[name]
    assert (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == dimensions
    assert (alarm.get("ExtendedStatistic") or alarm["Statistic"]) == statistic
    assert alarm["ComparisonOperator"] == COMPARISONS[comparison]
    assert alarm["Threshold"] == threshold
    assert alarm["TreatMissingData"] == "notBreaching"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)
    # With a unit that is not the metric's an alarm never fires; without one it takes the metric as it is.
    assert "Unit" not in alarm
    assert alarm["AlarmActions"] == ["reconciliation-alerts"]


def test_the_mail_of_an_alarm_begins_with_what_it_means_and_what_to_do(template: Any) -> None:
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        told = alarm["AlarmDescription"]
        # ASCII, as a subject is: what CloudFormation and a phone make of other letters was not seen.
        assert re.fullmatch(r"[ -~]+\. Fazer: [ -~]+\.", told), name
        assert len(told) <= 1024


def test_the_dashboard_shows_only_what_exists(template: Any) -> None:
    body = json.loads(template.properties("Dashboard")["DashboardBody"])
    metrics = [
        metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])
    ]
    namespaces = {namespace for namespace, *_ in ALARMS.values()} | {"Reconciliation"}
    assert metrics and {metric[0] for metric in metrics} <= namespaces
    ours = {
        (name, value) for namespace, name, _, value, *_ in metrics if namespace == "Reconciliation"
    }
    emitted = {
        "trigger": ("UploadStarted", "UploadDuplicate", "UploadRefused", "MessageFailed"),
        "notifier": ("AlertInfo", "AlertWarning", "AlertCritical"),
    }
    assert ours == {
        (name, f"reconciliation-{who}") for who, names in emitted.items() for name in names
    }
    (logs,) = (
        widget["properties"]["query"] for widget in body["widgets"] if widget["type"] == "log"
    )
    groups = {group["LogGroupName"] for group in template.of_type("AWS::Logs::LogGroup").values()}
    assert set(re.findall(r"SOURCE '([^']+)'", logs)) <= groups
