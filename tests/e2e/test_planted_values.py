"""No row, amount or name of a file leaves the bucket: what runs say of themselves is searched for planted values."""

from __future__ import annotations

import ast
import json
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.stack import Stack

ROOT = Path(__file__).parents[2]
NAME = "Zuleide Plantada Queirós"
CPF = "529.982.247-25"
ACCOUNT = "9981/77443-2"
REFERENCE = "NF 88417"
ENTRY = "ENT-77813"
KIND = "quitacao-plantada"
AMOUNTS = ("73519.31", "64207.83")
HEADER = "side,entry_id,account,posted_on,amount,currency,reference,description,kind"


def row(side: str, number: int, amount: str, **changes: str) -> str:
    cells = {
        "side": side,
        "entry_id": f"{ENTRY}-{number}",
        "account": ACCOUNT,
        "posted_on": "2026-02-16",
        "amount": amount,
        "currency": "BRL",
        "reference": f"{REFERENCE}{number}",
        "description": f"PIX {NAME} {CPF}",
        "kind": KIND,
    }
    return ",".join((cells | changes).values())


def file(*rows: str, header: str | None = HEADER) -> bytes:
    return "\n".join((*([header] if header else []), *rows, "")).encode()


FIRST, SECOND = (row("A", n, amount) for n, amount in enumerate(AMOUNTS))
BOTH = (FIRST, SECOND, *(row("B", n, amount) for n, amount in enumerate(AMOUNTS)))
CROWD = [row(side, 0, AMOUNTS[0], entry_id=f"{side}{n}") for side in "AB" for n in range(3)]
# What a file is, and how its run ends: a verdict, or the code of a failure.
FILES = {
    "agrees": ("default", file(*BOTH), "conciliado"),
    "one-side-only": ("default", file(FIRST, SECOND), "divergente"),
    "some-rejects": (
        "default",
        file(*BOTH, row("A", 7, f"R$ {AMOUNTS[0]}"), row("A", 8, "1.00", posted_on=NAME)),
        "conciliado_com_avisos",
    ),
    "a-cell-no-amount": ("estrito", file(row("A", 7, f"R$ {AMOUNTS[0]}"), *BOTH), "REJECT_RATIO"),
    "a-name-for-a-date": ("default", file(row("A", 1, "1.00", posted_on=NAME)), "REJECT_RATIO"),
    "a-cpf-for-a-side": ("default", file(row(CPF, 1, "1.00")), "REJECT_RATIO"),
    "a-comma-in-a-name": ("estrito", file(*BOTH, f"{FIRST},{NAME}"), "REJECT_RATIO"),
    "a-quote-without-end": ("estrito", file(*BOTH, f'{FIRST},"{NAME}'), "REJECT_RATIO"),
    "no-header": ("default", file(*BOTH, header=None), "HEADER_NOT_FOUND"),
    "another-header": ("default", file(*BOTH, header=f"{HEADER},{NAME}"[5:]), "HEADER_NOT_FOUND"),
    "another-delimiter": (
        "default",
        file(*BOTH, header=None).replace(b",", b";"),
        "WRONG_DELIMITER",
    ),
    "another-encoding": (
        "default",
        "\n".join((f"{HEADER},{NAME}", *BOTH)).encode("utf-16"),
        "ENCODING",
    ),
    "too-many-pairs": ("apertado", file(*CROWD), "TOO_MANY_PAIRS"),
    "a-balance-that-breaks": (
        "saldo",
        file(f"{FIRST},100.00", f"{SECOND},{AMOUNTS[1]}", header=f"{HEADER},saldo"),
        "BALANCE_BREAK",
    ),
}
PROFILES = {
    "estrito": "\n[validate]\nmax_reject_ratio = 0.0\n",
    "apertado": "\n[limits]\nmax_pairs = 1\n",
    "saldo": '\n[validate]\non_balance_break = "halt"\n',
}


@dataclass(frozen=True)
class Told:
    """alerts: those of runs; written: all that they and others wrote beside the results, where → text."""

    alerts: list[dict[str, Any]]
    written: dict[str, str]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with EmbeddedAWS() as aws:
        stack = deploy(aws, parameters={"LogLevel": "DEBUG"})
        for name, more in PROFILES.items():
            profile = (ROOT / "profiles" / "default.toml").read_text() + more
            profile = profile.replace('name = "default"', f'name = "{name}"')
            if name == "saldo":
                profile = profile.replace('kind = "kind"', 'kind = "kind"\nbalance = "saldo"')
            aws.client("s3").put_object(
                Bucket=stack.data_bucket, Key=f"profiles/{name}.toml", Body=profile.encode()
            )
        inbox = subscribed(aws, stack)
        for name, (profile, body, _) in FILES.items():
            key = f"{profile}/2026-02-16/{name}.csv"
            aws.client("s3").put_object(Bucket=stack.ingress_bucket, Key=key, Body=body)
        messages: list[str] = []
        until(lambda: len(of_runs(received(aws, inbox, messages))) == len(FILES), 240)
        yield Told(
            of_runs(messages),
            {f"alert {n}": text for n, text in enumerate(messages)} | written(aws, stack),
        )


def subscribed(aws: EmbeddedAWS, stack: Stack) -> str:
    sqs, sns = aws.client("sqs"), aws.client("sns")
    inbox: str = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]
    for protocol, endpoint, attributes in (
        ("sqs", arn["QueueArn"], {"RawMessageDelivery": "true"}),
        ("email", "pessoa@example.com", {}),
    ):
        sns.subscribe(
            TopicArn=stack.topic_arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes
        )
    return inbox


def received(aws: EmbeddedAWS, inbox: str, messages: list[str]) -> list[str]:
    sqs = aws.client("sqs")
    answer = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    for message in answer.get("Messages", ()):
        messages.append(message["Body"])
        sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
    return messages


def of_runs(messages: list[str]) -> list[dict[str, Any]]:
    """Alarms go to the same topic, and have no kind."""
    return [alert for alert in map(json.loads, messages) if "kind" in alert]


def written(aws: EmbeddedAWS, stack: Stack) -> dict[str, str]:
    """Logs and metrics (they are lines of the logs), mails, histories, and all that is no result in the buckets."""
    found = {f"mail {n}": mail.model_dump_json() for n, mail in enumerate(aws.mails())}
    logs = aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        found[group["logGroupName"]] = "\n".join(event["message"] for event in events)
    states = aws.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=stack.state_machine_arn)["executions"]
    for execution in listed:
        pages = states.get_paginator("get_execution_history").paginate(
            executionArn=execution["executionArn"]
        )
        history = [event for page in pages for event in page["events"]]
        found[execution["name"]] = json.dumps(history, default=str, ensure_ascii=False)
    for run in (
        run
        for job in aws.client("glue").get_jobs()["Jobs"]
        for run in aws.client("glue").get_job_runs(JobName=job["Name"])["JobRuns"]
    ):
        found[run["Id"]] = json.dumps(run, default=str, ensure_ascii=False)
    s3 = aws.client("s3")
    for bucket in (stack.data_bucket, stack.checkpoints_bucket):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                if item["Key"].endswith(".json"):
                    body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                    found[f"s3://{bucket}/{item['Key']}"] = body.decode()
    return found


def until(look: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


def forms(value: str) -> set[str]:
    """How it could be written: as it stands, without accents, an amount also in cents and as Brazilians write it."""
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    written = {value, plain, json.dumps(value)[1:-1]}
    if value in AMOUNTS:
        whole, cents = value.split(".")
        written |= {whole + cents, f"{whole},{cents}", f"{int(whole):_},{cents}".replace("_", ".")}
    return {form.lower() for form in written}


PLANTED = {
    form: value
    for value in (NAME, *NAME.split(), CPF, ACCOUNT, REFERENCE, ENTRY, KIND, *AMOUNTS)
    for form in forms(value)
}


@pytest.mark.e2e
def test_every_file_ends_as_it_should(told: Told) -> None:
    ends = sorted(alert.get("verdict") or alert["error"]["code"] for alert in told.alerts)
    assert ends == sorted(end for _, _, end in FILES.values())


@pytest.mark.e2e
def test_nothing_that_is_told_logged_or_kept_beside_the_results_says_what_is_in_a_file(
    told: Told,
) -> None:
    found = [
        (place, value, text[max(0, at - 80) : at + 80])
        for place, text in told.written.items()
        for form, value in PLANTED.items()
        if (at := text.lower().find(form)) >= 0
    ]
    assert found == []
    kinds = ("alert ", "mail ", "/aws/lambda/reconciliation-notifier", "s3://reconciliation-check")
    for kind in (*kinds, "/aws-glue/", "JOB-20260216-default-"):
        assert any(place.startswith(kind) and text for place, text in told.written.items()), kind
    assert any(place.endswith("/error.json") for place in told.written)


def test_traces_are_annotated_with_job_and_profile_and_hold_no_answers() -> None:
    calls = [
        (source, node)
        for source in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "tracer"
    ]
    assert calls
    for source, call in calls:
        assert isinstance(call.func, ast.Attribute)
        match call.func.attr:
            case "put_annotation":
                (name, _) = call.args
                assert isinstance(name, ast.Constant) and name.value in ("job_id", "profile")
            case "capture_lambda_handler" | "capture_method":
                assert {k.arg: ast.literal_eval(k.value) for k in call.keywords} == {
                    "capture_response": False
                }, source
            case other:
                raise AssertionError(f"{source}: tracer.{other}")
