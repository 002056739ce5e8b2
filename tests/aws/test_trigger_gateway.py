"""The trigger's AWS calls, on moto; the notifier's on a stub, because moto would run it in Docker."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from services.trigger.admission import ArchivedObjectError, Digest, admit
from services.trigger.gateway import Gateway
from services.trigger.intake import Execution
from services.trigger.notification import Arrival
from services.trigger.settings import TriggerSettings
from shared import layout
from shared.alert import ALERT_REQUEST, UploadRefused
from shared.intake import Claim, Receipt, Upload
from shared.job_event import JobEvent

INGRESS, DATA = "reconciliation-ingress", "reconciliation-data"
KEY = "2026-02-16/extrato (ç).csv"
CONTENT = b"side,entry_id\nA,1\n"
HASH = hashlib.sha256(CONTENT).hexdigest()
AT = datetime(2026, 2, 16, 15, 0, tzinfo=UTC)
JOB = JobEvent(
    job_id=f"JOB-20260216-default-{HASH[:16]}",
    bucket_name=INGRESS,
    object_key=KEY,
    file_hash=HASH,
    object_version="v1",
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket in (INGRESS, DATA):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        role = boto3.client("iam").create_role(
            RoleName="ReconciliationStepFunctionsRole", AssumeRolePolicyDocument="{}"
        )
        machine = boto3.client("stepfunctions").create_state_machine(
            name="reconciliation-pipeline",
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn=role["Role"]["Arn"],
        )
        yield Gateway.connect(
            TriggerSettings(
                data_bucket=DATA,
                state_machine_arn=machine["stateMachineArn"],
                notifier_function="reconciliation-notifier",
                queue_url="https://queue",
            )
        )


def settings_of(machine: str) -> TriggerSettings:
    return TriggerSettings(
        data_bucket=DATA,
        state_machine_arn=machine,
        notifier_function="the-notifier",
        queue_url="https://queue",
    )


def upload(content: bytes = CONTENT, key: str = KEY) -> Arrival:
    version = boto3.client("s3").put_object(Bucket=INGRESS, Key=key, Body=content)["VersionId"]
    return Arrival(Upload(bucket=INGRESS, key=key, version=version, size=len(content)), AT, version)


def executions() -> list[dict[str, Any]]:
    client = boto3.client("stepfunctions")
    [machine] = client.list_state_machines()["stateMachines"]
    return client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]


def stop(job: JobEvent) -> None:
    [arn] = [e["executionArn"] for e in executions() if e["name"] == job.execution_name]
    boto3.client("stepfunctions").stop_execution(executionArn=arn)


# The upload


def test_a_file_that_was_deleted_before_it_was_read_has_no_digest_though_its_version_is_there(
    gateway: Gateway,
) -> None:
    arrival = upload()
    boto3.client("s3").delete_object(Bucket=INGRESS, Key=KEY)
    assert gateway.digest(arrival) is None


def test_the_digest_is_of_the_exact_version_even_after_it_was_replaced(gateway: Gateway) -> None:
    first = upload()
    second = upload(b"")

    assert gateway.digest(first) == Digest(HASH, len(CONTENT))
    assert gateway.digest(second) == Digest(hashlib.sha256(b"").hexdigest(), 0)


def test_without_a_version_the_newest_is_read(gateway: Gateway) -> None:
    upload(b"old")
    newest = upload()

    assert gateway.digest(Arrival(newest.upload, AT, None)) == Digest(HASH, len(CONTENT))


def test_a_version_or_an_object_that_is_gone_has_no_digest(gateway: Gateway) -> None:
    arrival = upload()
    boto3.client("s3").delete_object(Bucket=INGRESS, Key=KEY, VersionId=arrival.upload.version)

    assert gateway.digest(arrival) is None
    assert gateway.digest(Arrival(arrival.upload, AT, None)) is None


def test_what_lies_in_an_archive_is_said_to_lie_there(gateway: Gateway) -> None:
    arrival = upload()
    with Stubber(gateway._s3) as s3, pytest.raises(ArchivedObjectError, match="Glacier"):
        s3.add_response("head_object", {})
        s3.add_client_error("get_object", "InvalidObjectState", http_status_code=403)
        gateway.digest(arrival)


def test_another_error_than_gone_propagates(gateway: Gateway) -> None:
    upload_elsewhere = Upload(bucket="no-such-bucket", key=KEY, version="v1")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        gateway.digest(Arrival(upload_elsewhere, AT, "v1"))


class Zeros(io.RawIOBase):
    """As many zero bytes as wanted, without ever holding them."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        size = min(self.left, size if size >= 0 else self.left)
        self.left -= size
        return bytes(size)


def test_hashing_takes_the_same_memory_whatever_the_size() -> None:
    s3, size = boto3.client("s3"), 256 << 20
    settings = settings_of("arn")
    gateway = Gateway(settings, s3, boto3.client("stepfunctions"), boto3.client("lambda"))
    with Stubber(s3) as stub:
        stub.add_response("head_object", {})
        stub.add_response("get_object", {"Body": StreamingBody(Zeros(size), size)})
        tracemalloc.start()
        digest = gateway.digest(Arrival(Upload(bucket=INGRESS, key=KEY, version="v1"), AT, "v1"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert digest is not None
    assert digest.size == size
    assert peak < 8 << 20


# Receipts, claims, profiles


def receipt(version: str, minute: int = 0, key: str = KEY) -> Receipt:
    return Receipt(
        upload=Upload(bucket=INGRESS, key=key, version=version),
        outcome="started",
        received_at=AT.replace(minute=minute),
        file_hash=HASH,
    )


def claim(number: int, version: str = "v1") -> Claim:
    return Claim(number=number, event=JOB, upload=Upload(bucket=INGRESS, key=KEY, version=version))


def test_a_receipt_is_found_by_its_upload_and_the_first_one_written_stays(gateway: Gateway) -> None:
    first = receipt("v1")
    gateway.put_receipt(first)
    gateway.put_receipt(first.model_copy(update={"outcome": "duplicate"}))
    gateway.put_receipt(receipt("v2"))

    assert gateway.receipts(first.upload) == [first]


def test_a_new_version_sees_the_receipts_of_its_key_and_of_no_other(gateway: Gateway) -> None:
    gateway.put_receipt(receipt("v1", key="2026-02-16/extrato"))
    gateway.put_receipt(receipt("v2"))

    assert gateway.receipts(Upload(bucket=INGRESS, key=KEY, version="new")) == [receipt("v2")]


def test_of_a_key_with_many_receipts_the_ten_written_last_are_read() -> None:
    gateway, stub = stubbed_s3()
    # Listed by version, which says nothing about time: the eleventh is the oldest.
    keys = [layout.receipt_key(INGRESS, KEY, f"v{number}") for number in range(11)]
    listed = [{"Key": key, "LastModified": AT.replace(hour=12)} for key in keys]
    listed[10]["LastModified"] = AT.replace(hour=11)
    listed[0]["LastModified"] = AT.replace(hour=13)
    stub.add_response("list_objects_v2", {"Contents": listed})
    for key in [*keys[1:10], keys[0]]:
        body = receipt(key).to_json().encode()
        stub.add_response(
            "get_object",
            {"Body": StreamingBody(io.BytesIO(body), len(body))},
            {"Bucket": DATA, "Key": key},
        )
    with stub:
        seen = gateway.receipts(Upload(bucket=INGRESS, key=KEY, version="new"))

    assert [r.upload.version for r in seen] == [*keys[1:10], keys[0]]


def test_the_chain_is_in_order_and_the_first_claim_of_a_number_stays(gateway: Gateway) -> None:
    for one in (claim(0), claim(1, "v2"), claim(1, "late"), claim(2, "v3")):
        gateway.put_claim(one)

    assert gateway.chain("default", HASH) == [claim(0), claim(1, "v2"), claim(2, "v3")]
    assert gateway.chain("banco-inter", HASH) == []


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)]
)
def test_a_claim_that_somebody_else_puts_at_this_moment_is_no_error(code: str, status: int) -> None:
    gateway, stub = stubbed_s3()
    stub.add_client_error("put_object", code, http_status_code=status)
    with stub:
        gateway.put_claim(claim(0))
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("write", ["put_claim", "put_receipt"])
def test_a_write_that_fails_otherwise_is_an_error(write: str) -> None:
    gateway, stub = stubbed_s3()
    stub.add_client_error("put_object", "AccessDenied", http_status_code=403)
    with stub, pytest.raises(ClientError, match="AccessDenied"):
        getattr(gateway, write)(claim(0) if write == "put_claim" else receipt("v1"))


def test_a_receipt_that_is_not_certain_to_be_there_is_an_error() -> None:
    gateway, stub = stubbed_s3()
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    with stub, pytest.raises(ClientError, match="ConditionalRequestConflict"):
        gateway.put_receipt(receipt("v1"))


def stubbed_s3() -> tuple[Gateway, Stubber]:
    s3 = boto3.client("s3")
    settings = settings_of("arn")
    gateway = Gateway(settings, s3, boto3.client("stepfunctions"), boto3.client("lambda"))
    return gateway, Stubber(s3)


def test_a_profile_is_a_toml_object_of_that_name(gateway: Gateway) -> None:
    for name in ("default.toml", "banco-inter.toml", "LEIAME.md"):
        boto3.client("s3").put_object(Bucket=DATA, Key=f"profiles/{name}", Body=b"")

    assert gateway.profiles() == {"default", "banco-inter"}


# Runs


def test_an_execution_is_started_with_the_jobs_own_bytes_and_repeating_it_is_harmless(
    gateway: Gateway,
) -> None:
    assert gateway.execution(JOB) is Execution.NEVER_STARTED
    assert gateway.start(JOB) is Execution.RUNNING
    assert gateway.start(JOB) is Execution.RUNNING
    assert gateway.execution(JOB) is Execution.RUNNING

    [execution] = executions()
    described = boto3.client("stepfunctions").describe_execution(
        executionArn=execution["executionArn"]
    )
    assert (described["name"], described["input"]) == (JOB.execution_name, JOB.to_json())


def test_an_attempt_has_its_number_in_its_name(gateway: Gateway) -> None:
    gateway.start(JOB.model_copy(update={"attempt": 2}))

    assert [execution["name"] for execution in executions()] == [f"{JOB.job_id}-R2"]


def test_an_execution_that_ended_is_not_started_again(gateway: Gateway) -> None:
    gateway.start(JOB)
    stop(JOB)

    assert gateway.start(JOB) is Execution.ENDED_BADLY
    assert gateway.execution(JOB) is Execution.ENDED_BADLY
    assert len(executions()) == 1


@pytest.mark.parametrize("text", ['{"file_hash": "other"}', "[]", '"texto"'])
def test_an_execution_of_that_name_with_other_bytes_is_told_apart(
    gateway: Gateway, text: str
) -> None:
    client = boto3.client("stepfunctions")
    [machine] = client.list_state_machines()["stateMachines"]
    client.start_execution(
        stateMachineArn=machine["stateMachineArn"], name=JOB.execution_name, input=text
    )

    assert gateway.start(JOB) is Execution.NAME_TAKEN
    assert gateway.execution(JOB) is Execution.NAME_TAKEN


def test_a_run_started_by_hand_with_the_same_bytes_counts_as_started(gateway: Gateway) -> None:
    gateway.start(JOB.model_copy(update={"reason": "à mão"}))

    assert gateway.start(JOB) is Execution.RUNNING


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("RUNNING", Execution.RUNNING),
        ("PENDING_REDRIVE", Execution.RUNNING),
        ("SUCCEEDED", Execution.SUCCEEDED),
        ("FAILED", Execution.ENDED_BADLY),
        ("TIMED_OUT", Execution.ENDED_BADLY),
        ("ABORTED", Execution.ENDED_BADLY),
    ],
)
def test_each_status_of_an_execution_has_its_meaning(status: str, expected: Execution) -> None:
    machine = "arn:aws:states:sa-east-1:123456789012:stateMachine:reconciliation-pipeline"
    execution = f"arn:aws:states:sa-east-1:123456789012:execution:reconciliation-pipeline:{JOB.execution_name}"
    stepfunctions = boto3.client("stepfunctions")
    settings = settings_of(machine)
    gateway = Gateway(settings, boto3.client("s3"), stepfunctions, boto3.client("lambda"))
    with Stubber(stepfunctions) as stub:
        stub.add_response(
            "describe_execution",
            {
                "executionArn": execution,
                "stateMachineArn": machine,
                "status": status,
                "startDate": AT,
                "input": JOB.to_json(),
            },
            {"executionArn": execution},
        )
        assert gateway.execution(JOB) is expected


def test_a_forgotten_execution_succeeded_if_its_last_manifest_is_there(gateway: Gateway) -> None:
    manifest = layout.manifest_key(JOB.job_id, JOB.execution_name, layout.Stage.QUICKSIGHT_PREP)
    boto3.client("s3").put_object(Bucket=DATA, Key=manifest + ".parte", Body=b"{}")
    assert gateway.execution(JOB) is Execution.NEVER_STARTED

    boto3.client("s3").put_object(Bucket=DATA, Key=manifest, Body=b"{}")
    assert gateway.execution(JOB) is Execution.SUCCEEDED


# People


def test_the_notifier_is_called_asynchronously_with_an_alert_request() -> None:
    alert = UploadRefused(
        upload=Upload(bucket=INGRESS, key=KEY, version="v1"), code="NOT_CSV", message="não é CSV"
    )
    assert ALERT_REQUEST.validate_json(alert.to_json()) == alert

    functions = boto3.client("lambda")
    gateway = Gateway(
        settings_of("arn"), boto3.client("s3"), boto3.client("stepfunctions"), functions
    )
    with Stubber(functions) as stub:
        stub.add_response(
            "invoke",
            {"StatusCode": 202},
            {
                "FunctionName": "the-notifier",
                "InvocationType": "Event",
                "Payload": alert.to_json().encode(),
            },
        )
        gateway.tell(alert)
        stub.assert_no_pending_responses()


# All together


def test_an_upload_and_its_redelivery_end_as_one_execution_and_one_receipt(
    gateway: Gateway,
) -> None:
    boto3.client("s3").put_object(Bucket=DATA, Key="profiles/default.toml", Body=b"")
    arrival = upload()

    outcomes = [admit(arrival, gateway, lambda job: None) for _ in range(2)]

    assert [outcome.name for outcome in outcomes] == ["started", "redelivered"]
    [execution] = executions()
    assert execution["name"] == JOB.job_id
    listed = boto3.client("s3").list_objects_v2(Bucket=DATA, Prefix="intake/")["Contents"]
    assert [item["Key"] for item in listed] == [
        layout.arrival_key("default", AT.date()),
        layout.claim_key("default", HASH, 0),
        layout.receipt_key(INGRESS, KEY, arrival.upload.version),
    ]
