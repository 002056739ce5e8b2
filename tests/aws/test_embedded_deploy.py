"""The real template on the embedded AWS: created, left alone, updated in place, or refused aloud."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recon.embedded import deploy as module
from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import DeployError, deploy
from recon.packages import ROOT, function_archive
from recon.publish import published_objects


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as aws:
        yield aws


@pytest.fixture
def aws(emulator: EmbeddedAWS) -> EmbeddedAWS:
    emulator.reset()
    return emulator


def definition(aws: EmbeddedAWS, state_machine_arn: str) -> dict[str, Any]:
    found = aws.client("stepfunctions").describe_state_machine(stateMachineArn=state_machine_arn)
    parsed: dict[str, Any] = json.loads(found["definition"])
    return parsed


def changes(aws: EmbeddedAWS, stack: str) -> list[str]:
    events = aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [event["ResourceStatus"] for event in events]


def test_with_a_key_of_its_own_the_stack_is_deployed_whole(aws: EmbeddedAWS) -> None:
    """Its parts find each other; what KMS would refuse is not judged here."""
    stack = deploy(aws, parameters={"CustomerKey": "yes"})
    (alias,) = aws.client("kms").list_aliases()["Aliases"]
    key = f"arn:aws:kms:sa-east-1:000000000000:key/{alias['TargetKeyId']}"
    assert alias["AliasName"] == "alias/reconciliation"
    queue = aws.client("sqs").get_queue_attributes(QueueUrl=stack.queue_url, AttributeNames=["All"])
    assert queue["Attributes"]["KmsMasterKeyId"] == key
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["kmsKeyId"] for group in groups} == {key}
    policies = aws.client("iam").list_role_policies(RoleName="reconciliation-trigger-sa-east-1")
    assert policies["PolicyNames"] == ["trigger", "key"]


def test_the_real_template_becomes_a_stack(aws: EmbeddedAWS) -> None:
    stack = deploy(aws)
    assert stack.name == "reconciliation"
    assert stack.ingress_bucket == "reconciliation-ingress-000000000000-sa-east-1"
    assert stack.queue_url == f"{aws.endpoint_url}/000000000000/reconciliation-uploads"
    notification = aws.client("s3").get_bucket_notification_configuration(
        Bucket=stack.ingress_bucket
    )
    assert notification["QueueConfigurations"][0]["QueueArn"].endswith(":reconciliation-uploads")
    (mapping,) = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 10  # a number, or nothing is polled
    assert "ValidateCSV" in definition(aws, stack.state_machine_arn)["States"]
    job = aws.client("glue").get_job(JobName="reconciliation-validation")["Job"]
    assert job["ExecutionProperty"]["MaxConcurrentRuns"] == 50
    assert job["JobRunQueuingEnabled"] is True


def test_jobs_and_profiles_are_published(aws: EmbeddedAWS) -> None:
    stack = deploy(aws)
    listed = aws.client("s3").list_objects_v2(Bucket=stack.data_bucket)["Contents"]
    assert {item["Key"] for item in listed} == set(published_objects())
    jobs = aws.client("glue").get_jobs()["Jobs"]
    locations = {job["Command"]["ScriptLocation"] for job in jobs}
    assert locations <= {f"s3://{stack.data_bucket}/{item['Key']}" for item in listed}


def test_a_second_deploy_changes_nothing(aws: EmbeddedAWS) -> None:
    stack = deploy(aws)
    before = changes(aws, stack.name)
    assert deploy(aws) == stack
    assert changes(aws, stack.name) == before


def test_another_parameter_updates_the_stack_in_place(aws: EmbeddedAWS) -> None:
    stack = deploy(aws)
    aws.client("s3").put_object(Bucket=stack.data_bucket, Key="runs/kept", Body=b"x")
    before = definition(aws, stack.state_machine_arn)
    again = deploy(aws, parameters={"LimitSeconds": "60"})
    assert again.state_machine_arn == stack.state_machine_arn
    assert definition(aws, stack.state_machine_arn) != before
    aws.client("s3").head_object(Bucket=stack.data_bucket, Key="runs/kept")


def test_two_prefixes_fit_one_account(aws: EmbeddedAWS) -> None:
    assert deploy(aws, prefix="um").data_bucket != deploy(aws, prefix="dois").data_bucket


def test_a_stack_that_fails_names_the_resource_and_its_reason(
    aws: EmbeddedAWS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Parameters: {Prefix: {Type: String}}\n"
        "Resources:\n"
        "  First: {Type: AWS::SQS::Queue, Properties: {QueueName: same}}\n"
        "  Alarm:\n"
        "    Type: AWS::CloudWatch::Alarm\n"
        "    Properties: {Metrics: [{Id: a, Expression: 1 + 1}], EvaluationPeriods: 1}\n"
    )
    monkeypatch.setattr(module, "TEMPLATE", template)
    with pytest.raises(DeployError, match=r"\nAlarm: "):
        deploy(aws, prefix="broken")


@pytest.mark.parametrize(
    "service", sorted(handler.parent.name for handler in (ROOT / "services").glob("*/handler.py"))
)
def test_a_functions_archive_holds_its_own_code_only(service: str) -> None:
    names = zipfile.ZipFile(io.BytesIO(function_archive(service))).namelist()
    assert f"services/{service}/handler.py" in names
    assert {name.split("/")[0] for name in names} == {"services", "shared"}
    assert {name.split("/")[1] for name in names if name.startswith("services/")} == {
        "__init__.py",
        service,
    }
