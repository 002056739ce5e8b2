"""What an operator does about a run on the embedded AWS: stop it, read its logs, take it back, offer it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.errors import UsageError
from recon.history import show
from recon.interruption import abort
from recon.logs import Logs, logs
from recon.output import Output
from recon.pipeline import Pipeline
from recon.redrive import redrive_dlq
from recon.resumption import rerun, resume
from recon.retraction import retract
from services.trigger.gateway import Gateway
from services.trigger.settings import TriggerSettings
from shared.intake import Receipt
from shared.layout import CURATED_CHANGED, Stage, manifest_key
from tests.waiting import until

pytestmark = pytest.mark.e2e

SAMPLE = Path(__file__).parents[2] / "samples" / "conciliado.csv"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture(scope="module")
def pipeline(aws: EmbeddedAWS) -> Pipeline:
    return Pipeline(aws.client, deploy(aws))


@pytest.fixture(scope="module")
def intake(aws: EmbeddedAWS, pipeline: Pipeline) -> Gateway:
    settings = TriggerSettings(
        data_bucket=pipeline.stack.data_bucket,
        state_machine_arn=pipeline.stack.state_machine_arn,
        notifier_function="",
        queue_url=pipeline.stack.queue_url,
    )
    return Gateway(settings, *map(aws.client, ("s3", "stepfunctions", "lambda")))


def upload(pipeline: Pipeline, key: str, path: Path = SAMPLE) -> Receipt:
    version = pipeline.upload(path, key)
    return until(lambda: pipeline.receipt(key, version))


def ended(pipeline: Pipeline, name: str | None) -> str:
    def look() -> str | None:
        found = pipeline.execution(name or "")
        return found.status if found and found.status != "RUNNING" else None

    return until(look)


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def job_process(execution: str) -> int | None:
    listed = subprocess.run(
        ["ps", "-ax", "-ww", "-o", "pid=", "-o", "command="], capture_output=True, text=True
    )
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        if "job_process.py" in command and f"--execution_name {execution} " in command:
            return int(pid)
    return None


def test_an_aborted_run_stops_with_its_job_is_recorded_told_and_resumed(
    aws: EmbeddedAWS,
    pipeline: Pipeline,
    intake: Gateway,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inbox = pipeline.subscribe_queue()
    own = tmp_path / "own.csv"
    own.write_bytes(SAMPLE.read_bytes() + b"\n")
    receipt = upload(pipeline, "2026-02-16/parado.csv", own)
    name = receipt.execution_name or ""
    pid = until(lambda: job_process(name), every=0.01)
    os.kill(pid, signal.SIGSTOP)  # a job that hangs

    assert abort(pipeline, name, "arquivo errado", Output(as_json=True)) == 0

    aborted = document(capsys)["checkpoint"]
    assert isinstance(aborted, dict)
    assert (aborted["status"], aborted["state"]) == ("ABORTED", "ValidateCSV")
    assert aborted["error"]["cause"] == "arquivo errado"
    assert ended(pipeline, name) == "ABORTED"
    until(lambda: None if job_process(name) else True)
    runs = aws.client("glue").get_job_runs(JobName=f"{pipeline.stack.name}-validation")["JobRuns"]
    assert {r["JobRunState"] for r in runs if r["Arguments"]["--execution_name"] == name} == {
        "STOPPED"
    }
    told = until(lambda: next(iter(pipeline.receive(inbox, 1)), None)).alert
    assert (told.severity, told.status) == ("CRITICAL", "ABORTED")
    assert pipeline.receive(inbox, 1) == []

    resume(pipeline, intake, name, Output())
    assert ended(pipeline, f"{name}-R1") == "SUCCEEDED"
    with pytest.raises(UsageError, match="já terminou"):
        abort(pipeline, name, "tarde demais", Output())


@pytest.fixture(scope="module")
def done(pipeline: Pipeline) -> Receipt:
    receipt = upload(pipeline, "2026-02-16/conciliado.csv")
    assert ended(pipeline, receipt.execution_name) == "SUCCEEDED"
    return receipt


def test_logs_are_those_of_every_part_of_one_run(
    aws: EmbeddedAWS, pipeline: Pipeline, done: Receipt, capsys: pytest.CaptureFixture[str]
) -> None:
    job = done.job_id or ""
    assert logs(pipeline, Logs(aws.client, pipeline.stack.name), job, Output()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("lambda/reconciliation-trigger: INFO upload admitted" in line for line in lines)
    assert any("lambda/reconciliation-notifier: INFO told" in line for line in lines)
    for stage in Stage:
        assert any(f"glue/reconciliation/output: {stage}: s3://" in line for line in lines)
    assert not any("parado" in line for line in lines)


def test_a_retracted_result_leaves_the_curated_tables_and_its_bytes_may_come_again(
    aws: EmbeddedAWS,
    pipeline: Pipeline,
    intake: Gateway,
    done: Receipt,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = done.job_id or ""

    def curated() -> set[str]:
        listed = aws.client("s3").list_objects_v2(
            Bucket=pipeline.stack.data_bucket, Prefix="curated/"
        )
        return {found["Key"] for found in listed.get("Contents", ())}

    def marks() -> int:
        found = aws.client("s3").list_object_versions(
            Bucket=pipeline.stack.data_bucket, Prefix=CURATED_CHANGED
        )
        return len(found["Versions"])

    before, marked = curated(), marks()
    inbox = pipeline.subscribe_queue()
    assert retract(pipeline, intake, job, "extrato de outra conta", Output(as_json=True)) == 0
    removed = document(capsys)["removed"]
    assert isinstance(removed, list)
    assert len(removed) == 5
    assert before - curated() == set(removed)
    assert marks() == marked + 1  # the dashboard is to forget it, too
    told = until(lambda: next(iter(pipeline.receive(inbox, 1)), None)).alert
    assert (told.severity, told.status, told.job_id) == ("WARNING", "RETRACTED", job)
    assert told.results is not None and told.results["removed"] == len(removed)
    assert "outra conta" not in told.to_json()  # why is on the record, for those who may read that
    assert retract(pipeline, intake, job, "outra vez", Output(as_json=True)) == 0
    repeated = capsys.readouterr()
    assert json.loads(repeated.out)["removed"] == []
    assert "Já estava retirado: extrato de outra conta" in repeated.err
    assert pipeline.receive(inbox, 2) == []

    show(pipeline, intake, job, Output())
    assert "Retirado, e fora das tabelas curadas: extrato de outra conta" in capsys.readouterr().out
    with pytest.raises(UsageError, match="retirado: extrato de outra conta"):
        rerun(pipeline, intake, job, "outra vez", Output())
    again = upload(pipeline, "2026-02-16/conciliado.csv")
    assert again.outcome == "started"
    assert again.execution_name == f"{job}-R1"
    assert ended(pipeline, again.execution_name) == "SUCCEEDED"
    assert before == curated()
    assert {m.reused_from for m in pipeline.manifests(job, f"{job}-R1").values()} == {None}


def test_the_rows_of_a_corrected_file_stay_when_its_predecessor_is_retracted(
    aws: EmbeddedAWS,
    pipeline: Pipeline,
    intake: Gateway,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "2026-02-16/corrigido.csv"
    versions = []
    for amount in ("1.00", "2.00"):
        path = tmp_path / "x.csv"
        path.write_text(
            "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"
            f"A,E1,1,2026-02-16,{amount},BRL,,,\nB,E1,1,2026-02-16,{amount},BRL,,,\n"
        )
        versions.append(upload(pipeline, key, path))
        assert ended(pipeline, versions[-1].execution_name) == "SUCCEEDED"
    assert retract(pipeline, intake, versions[0].job_id or "", "x", Output(as_json=True)) == 0
    assert document(capsys)["removed"] == []
    assert retract(pipeline, intake, versions[1].job_id or "", "x", Output(as_json=True)) == 0
    assert len(document(capsys)["removed"]) == 5  # type: ignore[arg-type]


def test_rows_of_a_run_that_died_before_its_last_manifest_are_retracted_too(
    aws: EmbeddedAWS,
    pipeline: Pipeline,
    intake: Gateway,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SAMPLE.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    receipt = upload(pipeline, "2026-02-17/morto.csv", path)
    job, execution = receipt.job_id or "", receipt.execution_name or ""
    assert ended(pipeline, execution) == "SUCCEEDED"
    manifest = manifest_key(job, execution, Stage.QUICKSIGHT_PREP)
    aws.client("s3").delete_object(Bucket=pipeline.stack.data_bucket, Key=manifest)
    assert retract(pipeline, intake, job, "x", Output(as_json=True)) == 0
    assert len(document(capsys)["removed"]) == 5  # type: ignore[arg-type]


def test_what_is_about_to_be_done_again_is_not_retracted(
    pipeline: Pipeline, intake: Gateway, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SAMPLE.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    receipt = upload(pipeline, "2026-02-18/refeito.csv", path)
    job = receipt.job_id or ""
    assert ended(pipeline, receipt.execution_name) == "SUCCEEDED"
    (claim,) = intake.chain("default", receipt.file_hash or "")
    again = claim.event.model_copy(update={"attempt": 1, "force": True, "reason": "x"})
    intake.put_claim(claim.model_copy(update={"number": 1, "origin": "rerun", "event": again}))
    with pytest.raises(UsageError, match=f"{job}-R1 está para começar") as refused:
        retract(pipeline, intake, job, "x", Output())
    assert refused.value.hint is not None
    assert f"recon resume {job}" in refused.value.hint


def test_uploads_in_the_dead_letter_queue_are_offered_again(
    aws: EmbeddedAWS, pipeline: Pipeline, done: Receipt, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs, stack = aws.client("sqs"), pipeline.stack
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-02-16T12:00:00.000Z",
        "s3": {
            "bucket": {"name": stack.ingress_bucket},
            "object": {"key": done.upload.key, "size": 1, "versionId": done.upload.version},
        },
    }
    for body in (json.dumps({"Records": [record]}), "no event"):
        sqs.send_message(QueueUrl=stack.dlq_url, MessageBody=body)

    assert redrive_dlq(pipeline, Output(as_json=True)) == 0

    assert sorted(document(capsys)["redriven"]) == [  # type: ignore[call-overload]
        "no event",
        f"s3://{stack.ingress_bucket}/{done.upload.key}",
    ]
    assert redrive_dlq(pipeline, Output(as_json=True)) == 0
    assert document(capsys) == {"redriven": []}
