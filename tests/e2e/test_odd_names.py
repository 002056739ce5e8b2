"""Whatever an upload is called, it stays in its folders and breaks no line, command, subject or message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.pipeline import Pipeline
from recon.stack import Stack
from shared.intake import Receipt
from tests.e2e.pipeline_world import until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # fifteen runs of the real jobs
ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "samples" / "conciliado.csv").read_bytes()
DAY = "2026-02-16"
LONGEST = f"{DAY}/{'é' * 504}a.csv"  # 1,024 bytes
TAKEN = (
    f"{DAY}/mais+e%2Be espaço.csv",
    f"{DAY}/aspas \"duplas\" 'simples' `crase` $(touch invadido) ; rm -rf x | y & z.csv",
    f"{DAY}/emoji 😀 e \\ barra.csv",
    f"{DAY}/--force=true --job_id x.csv",
    f"{DAY}/{{% $error('x') %}} ${{DataBucket}} {{{{a}}}} <b>&amp;.csv",
    LONGEST,
)
ODD = (
    "../../fora.csv",
    f"{DAY}/../../runs/fora.csv",
    f"{DAY}/./ponto.csv",
    f"{DAY}//dupla.csv",
    f"{DAY}/linha\nquebrada.csv",
    f"{DAY}/retorno\r\nSubject: outro.csv",
    f"{DAY}/tab\tula.csv",
    f"{DAY}/direita \u202e para esquerda.csv",
    f"{DAY}/separador \u2028 de linha.csv",
)


@dataclass
class Seen:
    aws: EmbeddedAWS
    stack: Stack
    receipts: dict[str, Receipt]
    envelopes: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    with EmbeddedAWS(wait_scale=0) as aws:
        stack = deploy(aws, parameters={"MaxConcurrentRuns": "2"})
        pipeline = Pipeline(aws.client, stack)
        inbox = pipeline.subscribe_queue()
        aws.client("sns").subscribe(
            TopicArn=stack.topic_arn, Protocol="email", Endpoint="pessoa@example.com"
        )
        versions = {}
        for number, key in enumerate((*TAKEN, *ODD)):
            put = aws.client("s3").put_object(
                Bucket=stack.ingress_bucket, Key=key, Body=SAMPLE + b"\n" * number
            )
            versions[key] = put["VersionId"]
        receipts = {
            key: until(lambda k=key, v=version: pipeline.receipt(k, v))
            for key, version in versions.items()
        }
        envelopes: list[dict[str, Any]] = []
        sqs = aws.client("sqs")

        def told() -> bool:
            answer = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", ()):
                envelopes.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
            return len(envelopes) >= len(versions)

        until(told, 240)
        yield Seen(aws, stack, receipts, envelopes)


@pytest.mark.parametrize("key", TAKEN)
def test_an_odd_name_is_a_name_like_another(seen: Seen, key: str) -> None:
    receipt = seen.receipts[key]
    assert (receipt.outcome, receipt.upload.key) == ("started", key)
    execution = Pipeline(seen.aws.client, seen.stack).execution(receipt.execution_name or "")
    assert execution and (execution.status, execution.job["object_key"]) == ("SUCCEEDED", key)


def test_every_upload_is_told_once_and_none_fails(seen: Seen) -> None:
    alerts = [json.loads(envelope["Message"]) for envelope in seen.envelopes]
    kinds = {"run_completed": 0, "upload_refused": 0}
    for alert in alerts:
        kinds[alert["kind"]] += 1
    outcomes = [receipt.outcome for receipt in seen.receipts.values()]
    assert kinds == {
        "run_completed": outcomes.count("started"),
        "upload_refused": outcomes.count("refused"),
    }
    assert sum(kinds.values()) == len(TAKEN) + len(ODD)


def test_what_is_written_lies_in_the_folders_that_there_are(seen: Seen) -> None:
    s3 = seen.aws.client("s3")
    for bucket in (seen.stack.data_bucket, seen.stack.checkpoints_bucket):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", ()):
                folder = found["Key"].partition("/")[0]
                assert folder in ("code", "profiles", "runs", "intake", "curated"), found["Key"]
                assert re.fullmatch(r"[0-9A-Za-z_./=-]+", found["Key"]), found["Key"]
                assert ".." not in found["Key"].split("/"), found["Key"]


def test_no_name_breaks_a_line_of_a_log(seen: Seen) -> None:
    logs = seen.aws.client("logs")
    functions = 0
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for event in logs.filter_log_events(logGroupName=name)["events"]:
            line = event["message"]
            assert len(line.splitlines()) <= 1, (name, line)
            if name.startswith("/aws/lambda/") and not re.match("START|END|REPORT", line):
                assert isinstance(json.loads(line), dict), (name, line)
                functions += 1
    assert functions > len(seen.receipts)


def test_no_name_breaks_a_subject_or_a_message(seen: Seen) -> None:
    mails = seen.aws.mails()
    assert len(mails) >= len(seen.receipts)
    for subject in [envelope["Subject"] for envelope in seen.envelopes] + [
        m.subject for m in mails
    ]:
        assert re.fullmatch(r"[ -~]{1,99}", subject), subject
    for mail in mails:
        # A name's own line ends would let it write lines of its own into the text.
        assert "Subject: outro" not in mail.text.splitlines(), mail.text
        assert not re.search("[\\r\\t\\u2028\\u202e]", mail.text), mail.text


def test_no_name_was_run(seen: Seen) -> None:
    assert not list(ROOT.glob("invadido")) and not list(Path.cwd().glob("invadido"))
