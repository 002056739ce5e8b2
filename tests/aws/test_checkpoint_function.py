"""The checkpoint function on moto's S3, called with what the state machine sends and with what a person would."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from services.checkpoint import gateway, handler
from shared.checkpoint import Checkpoint, FailureReport, StageProgress
from shared.checkpoint_store import CheckpointConflictError, CheckpointStore, record_failure
from shared.layout import Stage, checkpoint_key, manifest_key, stage_error_key
from shared.observability import logger
from shared.run_store import RunStore
from tests.run_cases import JOB, MANIFESTS, NOW, REPORT, STAGE_ERROR

EVENTS = Path(__file__).parents[1] / "events"
DATA, CHECKPOINTS = "reconciliation-data", "reconciliation-checkpoints"
KEY = checkpoint_key(JOB.job_id)


@dataclass
class Context:
    function_name: str = "reconciliation-checkpoint"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = (
        "arn:aws:lambda:sa-east-1:123456789012:function:reconciliation-checkpoint"
    )
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"


@pytest.fixture(scope="module")
def other() -> Any:
    """Somebody else's client."""
    return boto3.client("s3")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (DATA, CHECKPOINTS):
            client.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
            )
            client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        monkeypatch.setattr(handler, "stores", lambda: stores(client))
        yield client


def call(event: dict[str, Any]) -> dict[str, Any]:
    return handler.lambda_handler(event, Context())  # type: ignore[arg-type] # all of a context that is read


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return document


def kept(s3: Any, key: str = KEY) -> Checkpoint:
    return Checkpoint.from_json(s3.get_object(Bucket=CHECKPOINTS, Key=key)["Body"].read())


def put(s3: Any, key: str, text: str) -> None:
    s3.put_object(Bucket=DATA, Key=key, Body=text.encode())


def finish(s3: Any, stage: Stage, text: str | None = None) -> str:
    """Leaves the stage's manifest; says where."""
    key = manifest_key(JOB.job_id, JOB.job_id, stage)
    put(s3, key, text or MANIFESTS[stage].to_json())
    return f"s3://{DATA}/{key}"


# The function


def test_a_failure_is_kept_with_the_words_of_its_stage(s3: Any) -> None:
    put(s3, stage_error_key(JOB.job_id, JOB.job_id, Stage.VALIDATION), STAGE_ERROR.to_json())
    answer = call(load("checkpoint_save.json"))
    assert answer == {"checkpoint_location": f"s3://{CHECKPOINTS}/{KEY}"}
    checkpoint = kept(s3)
    assert (checkpoint.state, checkpoint.status) == ("ValidateCSV", "FAILED")
    assert checkpoint.error.message == STAGE_ERROR.message
    assert isinstance(checkpoint.error.cause, dict)
    assert checkpoint.error.cause["JobRunState"] == "FAILED"
    assert (checkpoint.event, checkpoint.progress) == (JOB, ())
    assert checkpoint.resume == f"recon resume {JOB.job_id}"


def test_a_person_s_own_minimal_report_is_kept(s3: Any) -> None:
    answer = call(load("checkpoint_by_hand.json"))
    key = "JOB-20260216-001234/checkpoint.json"
    assert answer["checkpoint_location"] == f"s3://{CHECKPOINTS}/{key}"
    checkpoint = kept(s3, key)
    assert (checkpoint.state, checkpoint.error.message) == ("ReconcileData", "by hand")


def test_job_id_alone_finds_what_its_first_execution_left(s3: Any) -> None:
    where = finish(s3, Stage.VALIDATION)
    error = STAGE_ERROR.model_copy(update={"stage": Stage.RECONCILIATION})
    put(s3, stage_error_key(JOB.job_id, JOB.job_id, Stage.RECONCILIATION), error.to_json())
    call({"job_id": JOB.job_id})
    checkpoint = kept(s3)
    assert (checkpoint.state, checkpoint.error.message) == ("ReconcileData", STAGE_ERROR.message)
    assert checkpoint.progress == (
        StageProgress(stage=Stage.VALIDATION, manifest=where, seconds=2, rows=6),
    )


def test_a_second_failure_keeps_the_first_in_the_document_and_its_version_in_the_bucket(
    s3: Any,
) -> None:
    event = load("checkpoint_save.json")
    call(event)
    call(event | {"execution_name": f"{JOB.job_id}-R1", "state": "ReconcileData"})
    call(event | {"execution_name": f"{JOB.job_id}-R1", "state": "Failure"})
    checkpoint = kept(s3)
    assert (checkpoint.state, checkpoint.attempts) == ("ReconcileData", 2)
    assert [each.state for each in checkpoint.earlier] == ["ValidateCSV"]
    assert len(s3.list_object_versions(Bucket=CHECKPOINTS)["Versions"]) == 2


def test_every_log_line_has_the_job_and_there_is_one_metric(
    s3: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    call(load("checkpoint_save.json"))
    logs = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["job_id"], line["state"]) for line in logs] == [(JOB.job_id, "ValidateCSV")]
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["CheckpointSaved"] == [1.0]


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_report_without_a_job_is_refused(s3: Any) -> None:
    with pytest.raises(ValueError, match="job_id"):
        call({"state": "ValidateCSV"})


@mock_aws
def test_the_function_s_own_buckets_come_from_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATA_BUCKET", DATA)
    monkeypatch.setenv("CHECKPOINTS_BUCKET", CHECKPOINTS)
    gateway.stores.cache_clear()
    runs, checkpoints = gateway.stores()
    gateway.stores.cache_clear()
    assert runs.address("k") == f"s3://{DATA}/k"
    assert checkpoints.address("J") == f"s3://{CHECKPOINTS}/J/checkpoint.json"


# What a run left


def stores(s3: Any) -> tuple[RunStore, CheckpointStore]:
    return RunStore(s3, DATA), CheckpointStore(s3, CHECKPOINTS)


def test_a_stage_whose_manifest_cannot_be_read_was_done_all_the_same(s3: Any) -> None:
    where = finish(s3, Stage.VALIDATION, '{"schema_version": 2}')
    checkpoint = record_failure(REPORT, *stores(s3), NOW)
    assert checkpoint.progress == (StageProgress(stage=Stage.VALIDATION, manifest=where),)


def test_an_explanation_that_cannot_be_read_leaves_the_report_s_own_words(s3: Any) -> None:
    put(s3, stage_error_key(JOB.job_id, JOB.job_id, Stage.RECONCILIATION), "{")
    checkpoint = record_failure(REPORT, *stores(s3), NOW)
    assert checkpoint.error.message == "Command failed with exit code 137"


def test_what_a_stage_complained_about_before_it_was_done_explains_nothing(s3: Any) -> None:
    finish(s3, Stage.VALIDATION)
    put(s3, stage_error_key(JOB.job_id, JOB.job_id, Stage.VALIDATION), STAGE_ERROR.to_json())
    checkpoint = record_failure(FailureReport(job_id=JOB.job_id), *stores(s3), NOW)
    assert (checkpoint.state, checkpoint.error.stage_error) == ("UNKNOWN", None)


# Several writers


def write(s3: Any, execution: str) -> Checkpoint:
    report = REPORT.model_copy(
        update={"execution_name": execution, "occurred_at": NOW + timedelta(seconds=len(execution))}
    )
    return record_failure(report, *stores(s3), NOW)


def interfering(s3: Any, interference: Callable[[], None], times: int) -> None:
    """Another writer gets through just before each of the next `times` puts."""
    left = [times]

    def before_put(**_: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            interference()

    s3.meta.events.register("before-call.s3.PutObject", before_put)


@pytest.mark.parametrize("existing", [False, True])
def test_of_two_writers_at_once_neither_is_lost(s3: Any, other: Any, existing: bool) -> None:
    if existing:
        write(s3, "E")
    interfering(s3, lambda: write(other, "E-R1").attempts and None, times=1)
    write(s3, "E-R22")
    checkpoint = kept(s3)
    names = [checkpoint.execution_name, *(each.execution_name for each in checkpoint.earlier)]
    assert names == ["E-R22", "E-R1", *(["E"] if existing else [])]


def test_a_writer_that_always_loses_says_so_after_a_few_tries(s3: Any, other: Any) -> None:
    names = iter(f"X{n}" for n in range(100))
    interfering(s3, lambda: write(other, next(names)).attempts and None, times=100)
    with pytest.raises(CheckpointConflictError):
        write(s3, "E")
    assert next(names) == "X6"


def test_a_checkpoint_that_cannot_be_read_is_written_over_and_its_version_stays(s3: Any) -> None:
    s3.put_object(Bucket=CHECKPOINTS, Key=KEY, Body=b"not json")
    write(s3, "E")
    assert kept(s3).execution_name == "E"
    assert len(s3.list_object_versions(Bucket=CHECKPOINTS)["Versions"]) == 2


def test_another_error_of_s3_propagates(s3: Any) -> None:
    runs, _ = stores(s3)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        record_failure(REPORT, runs, CheckpointStore(s3, "no-such-bucket"), NOW)
