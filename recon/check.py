"""`recon check`: the validation checklist of a deployment, each line answered by asking AWS.

Some lines need a run: a file of two lines is sent. It is told as any other, and its result is taken back at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import ClientError

from recon.errors import PipelineError
from recon.follow import follow, wait_for
from recon.history import verdict_of
from recon.intake import gateway
from recon.logs import LogLine, Logs
from recon.machine import Answer, answers, calls, log_group, traced
from recon.output import Output
from recon.pipeline import Execution, Pipeline
from recon.retraction import retract
from recon.stack import Stack
from shared import ptbr
from shared.intake import Receipt
from shared.upload_key import CHECK, TIME_ZONE

RECEIPT_SECONDS = 120.0
SHOWN_SECONDS = 300.0  # CloudWatch: logs come in seconds, metrics in a minute or two
REASON = "recon check: arquivo de teste"
_MARKS = {True: "✓", False: "✗", None: "–"}
_WORDS = {True: "ok", False: "failed", None: "not_judged"}
_NO_RUN = "nenhum arquivo foi enviado (--no-run)"


class Aside(Output):
    """For what another verb tells on the way: it reaches people, and is no document of ours."""

    def document(self, content: Any) -> None:
        """Not this verb's."""


@dataclass(frozen=True)
class Deployed:
    """embedded: some of what is deployed has no effect there, and what that is cannot be asked."""

    client: Callable[[str], Any]
    stack: Stack
    embedded: bool
    poll: float


def check(
    client: Callable[[str], Any], stack: Stack, output: Output, *, embedded: bool, sends: bool
) -> int:
    at = Deployed(client, stack, embedded, 0.2 if embedded else 3.0)
    output.line(f"Pilha {stack.name}: {stack.state_machine_arn}")
    found: list[Answer] = []
    for answer in chain(_of_machine(at), _of_run(at, output, sends=sends)):
        found.append(answer)
        output.line(f"{_MARKS[answer.held]} {answer.line}: {answer.why}")
    failed = sum(answer.held is False for answer in found)
    unjudged = sum(answer.held is None for answer in found)
    told = f"{len(found) - failed - unjudged} de {len(found)} certas"
    if unjudged:
        told += f", {ptbr.count(unjudged, 'não avaliada', 'não avaliadas')}"
    output.line(f"{told}, {ptbr.count(failed, 'falha', 'falhas')}")
    if output.as_json:
        output.document(
            {
                "ok": not failed,
                "checks": [
                    {"check": each.line, "status": _WORDS[each.held], "why": each.why}
                    for each in found
                ],
            }
        )
    return 1 if failed else 0


# What is deployed


def _of_machine(at: Deployed) -> Iterator[Answer]:
    machine = at.client("stepfunctions").describe_state_machine(
        stateMachineArn=at.stack.state_machine_arn
    )
    definition = json.loads(machine["definition"])
    first, *others = answers(definition)
    yield first
    yield _allowed(
        "IAM Role anexada corretamente", lambda: _role(at, machine["roleArn"], definition)
    )
    yield _allowed("CloudWatch Logs configurado", lambda: _logging(at, machine))
    yield traced(machine, embedded=at.embedded)
    yield from others


def _allowed(line: str, ask: Callable[[], tuple[bool | None, str]]) -> Answer:
    """Not judged where whoever asks may not."""
    try:
        return Answer(line, *ask())
    except ClientError as error:
        said = error.response["Error"]
        if said.get("Code") not in ("AccessDenied", "AccessDeniedException"):
            raise
        return Answer(line, None, f"sem permissão para perguntar ({error.operation_name})")


def _role(at: Deployed, arn: str, definition: Any) -> tuple[bool | None, str]:
    iam = at.client("iam")
    name = arn.rsplit("/", 1)[-1]
    trust = json.dumps(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    if "states.amazonaws.com" not in trust:
        return False, f"{name} não confia em states.amazonaws.com"
    denied = []
    wanted = sorted(set(calls(definition, at.stack.state_machine_arn)))
    for action, resource in wanted:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource]
        )
        if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
            denied.append(f"{action} em {resource}")
    if denied:
        return False, f"{name} não pode {ptbr.listed(denied)}"
    return True, f"{name} pode fazer as {len(wanted)} chamadas que a definição faz"


def _logging(at: Deployed, machine: Any) -> tuple[bool | None, str]:
    configured = machine.get("loggingConfiguration") or {}
    group = log_group(configured)
    if group is None and at.embedded:
        return None, "a AWS embarcada não guarda esta configuração; o template a declara"
    if group is None or configured.get("level") != "ALL":
        return False, f"nível {configured.get('level', 'OFF')}; o template declara ALL"
    found = at.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    kept = next((each.get("retentionInDays") for each in found if each["logGroupName"] == group), 0)
    if kept == 0:
        return False, f"{group} não existe"
    return True, f"nível ALL em {group}, " + (f"por {kept} dias" if kept else "sem prazo")


# What a run shows


def _of_run(at: Deployed, output: Output, *, sends: bool) -> Iterator[Answer]:
    lines = (
        "Execução iniciada pela Lambda trigger",
        "Execução completa",
        "Logs da execução: funções e jobs",
        "Logs da execução: máquina de estados",
        "Métricas publicadas: execuções (AWS/States)",
        "Métricas publicadas: envios (Reconciliation)",
    )
    if not sends:
        yield from (Answer(line, None, _NO_RUN) for line in lines)
        return
    pipeline = Pipeline(at.client, at.stack)
    began = datetime.now(UTC)
    with output.step("Arquivo de teste enviado"):
        started = _sent(pipeline, at, began)
    yield Answer(lines[0], *started[:2])
    run = started[2]
    if run is None:
        yield from (Answer(line, None, "não houve execução") for line in lines[1:])
        return
    try:
        yield Answer(lines[1], *_completed(pipeline, at, run, output))
        found = _logs(at, pipeline, run.name)
        yield Answer(lines[2], *_functions_and_jobs(found))
        yield Answer(lines[3], *_machine_logs(at, found))
        yield _allowed(lines[4], lambda: _executions(at, began))
        yield _allowed(lines[5], lambda: _uploads(at, began))
    finally:
        _take_back(pipeline, at, run, output)


def _take_back(pipeline: Pipeline, at: Deployed, run: Execution, output: Output) -> None:
    now = pipeline.execution(run.name)
    if now is None or now.status == "RUNNING":
        output.line(f"Quando {run.name} terminar: recon retract {run.job_id} --reason MOTIVO")
        return
    retract(
        pipeline, gateway(at.client, at.stack), run.job_id, REASON, Aside(as_json=output.as_json)
    )


def _sent(pipeline: Pipeline, at: Deployed, now: datetime) -> tuple[bool, str, Execution | None]:
    """Content that nobody sent before, so that it is no duplicate."""
    mark = f"{now:%Y%m%dT%H%M%S%f}"
    key = f"{now.astimezone(TIME_ZONE):%Y-%m-%d}/{CHECK}{mark}.csv"
    day = f"{now.astimezone(TIME_ZONE):%Y-%m-%d}"
    row = f"CHECK-{mark},recon-check,{day},1.00,BRL,,recon check,teste"
    with TemporaryDirectory() as scratch:
        file = Path(scratch, "check.csv")
        file.write_text(
            "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"
            f"A,{row}\nB,{row}\n",
            encoding="utf-8",
        )
        version = pipeline.upload(file, key)

    def taken_in() -> Receipt | None:
        return pipeline.receipt(key, version)

    try:
        receipt = wait_for(f"o recibo de {key}", taken_in, RECEIPT_SECONDS, at.poll)
    except PipelineError as error:
        return False, error.message, None
    run = pipeline.execution(receipt.execution_name or "")
    if receipt.outcome != "started" or run is None:
        return False, f"{key}: {receipt.outcome} {receipt.code or ''}".rstrip(), None
    return True, f"{key} iniciou {run.name}", run


def _completed(
    pipeline: Pipeline, at: Deployed, run: Execution, output: Output
) -> tuple[bool, str]:
    try:
        with output.follow() as watch:
            ended, timeline = follow(pipeline, run.job_id, run.name, watch, at.poll)
    except PipelineError as error:
        return False, error.message
    verdict = verdict_of(pipeline.manifests(run.job_id, run.name))
    took = ptbr.duration(timeline.elapsed_at(datetime.now(UTC)))
    told = f"{ended.status} em {took}, veredito {verdict.label if verdict else 'nenhum'}"
    return ended.status == "SUCCEEDED" and verdict is not None and verdict.agrees, told


def _logs(at: Deployed, pipeline: Pipeline, name: str) -> list[LogLine]:
    source = Logs(at.client, at.stack.name)

    def all_of_them() -> list[LogLine] | None:
        run = pipeline.execution(name)
        found = source.of(run) if run else []
        return found if _functions_and_jobs(found)[0] else None

    try:
        return wait_for("os logs", all_of_them, _patience(at), at.poll)
    except PipelineError:
        run = pipeline.execution(name)
        return source.of(run) if run else []


def _functions_and_jobs(found: list[LogLine]) -> tuple[bool, str]:
    of_functions = sum(line.source.startswith("lambda/") for line in found)
    of_jobs = sum(line.source.startswith("glue/") for line in found)
    told = (
        f"{ptbr.count(of_functions, 'linha', 'linhas')} de funções, "
        f"{ptbr.count(of_jobs, 'linha', 'linhas')} de jobs"
    )
    return bool(of_functions and of_jobs), told


def _machine_logs(at: Deployed, found: list[LogLine]) -> tuple[bool | None, str]:
    lines = sum(line.source.startswith("stepfunctions/") for line in found)
    if not lines and at.embedded:
        return None, "a AWS embarcada não entrega os logs da máquina; recon show tem o histórico"
    return bool(lines), ptbr.count(lines, "linha", "linhas")


def _executions(at: Deployed, began: datetime) -> tuple[bool, str]:
    where = {"Name": "StateMachineArn", "Value": at.stack.state_machine_arn}
    counted = {
        name: _metric(at, "AWS/States", name, where, began)
        for name in ("ExecutionsStarted", "ExecutionsSucceeded")
    }
    return all(counted.values()), ", ".join(f"{name} {count}" for name, count in counted.items())


def _uploads(at: Deployed, began: datetime) -> tuple[bool | None, str]:
    if at.embedded:
        return None, "a AWS embarcada não faz métricas das linhas EMF, que estão nos logs"
    where = {"Name": "service", "Value": at.stack.trigger_function}
    count = _metric(at, "Reconciliation", "UploadStarted", where, began)
    return bool(count), f"UploadStarted {count}"


def _metric(
    at: Deployed, namespace: str, name: str, dimension: dict[str, str], began: datetime
) -> int:
    """What it summed up since; 0 where nothing came for a while."""
    cloudwatch = at.client("cloudwatch")

    def look() -> int | None:
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[dimension],
            StartTime=began.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return int(sum(point["Sum"] for point in points)) or None

    try:
        return wait_for(name, look, _patience(at), at.poll)
    except PipelineError:
        return 0


def _patience(at: Deployed) -> float:
    return 10.0 if at.embedded else SHOWN_SECONDS
