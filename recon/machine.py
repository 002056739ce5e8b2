"""What the checklist asks of a state machine's definition: no AWS is needed to answer that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recon.packages import ROOT
from shared import ptbr

OURS = ROOT / "infra" / "pipeline.asl.json"
LIMIT_SECONDS = 1200
_GLUE = "arn:aws:states:::glue:startJobRun.sync"


@dataclass(frozen=True)
class Answer:
    """held: None where it was not judged, and `why` says why not."""

    line: str
    held: bool | None
    why: str


def answers(definition: Mapping[str, Any]) -> Iterator[Answer]:
    """definition: as it is deployed."""
    yield _is_ours(definition)
    yield _limited(definition)
    yield _retried(definition)
    yield _caught(definition)


def _is_ours(definition: Mapping[str, Any]) -> Answer:
    line = "State Machine criada com definição correta"
    ours = json.loads(OURS.read_text(encoding="utf-8"))
    states = {**_parts(ours), **_parts(definition)}
    other = [
        name for name in states if not _same(_parts(ours).get(name), _parts(definition).get(name))
    ]
    if other:
        return Answer(line, False, f"difere de infra/pipeline.asl.json em {ptbr.listed(other)}")
    return Answer(
        line,
        True,
        f"{ptbr.count(len(ours['States']), 'estado', 'estados')}, como em infra/pipeline.asl.json",
    )


def _parts(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Its states by name, and what is beside them."""
    beside = {name: value for name, value in definition.items() if name != "States"}
    return {"o topo": beside, **definition.get("States", {})}


def _same(ours: Any, theirs: Any) -> bool:
    """Equal, but that `${Name}` of ours stands for any text, which has no quote."""
    text = re.escape(json.dumps(ours, sort_keys=True))
    pattern = re.sub(r"\\\$\\\{\w+\\\}", '[^"]*', text)
    return re.fullmatch(pattern, json.dumps(theirs, sort_keys=True)) is not None


def _tasks(definition: Mapping[str, Any]) -> dict[str, Any]:
    states: Mapping[str, Any] = definition.get("States", {})
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def _limited(definition: Mapping[str, Any]) -> Answer:
    line = "Timeout de 20 minutos configurado"
    if without := [n for n, task in _tasks(definition).items() if "TimeoutSeconds" not in task]:
        return Answer(line, False, f"sem limite de tempo: {ptbr.listed(without)}")
    found = re.search(r"\$number\('(\d+)'\)", json.dumps(definition))
    seconds = int(found[1]) if found else 0
    whole = ptbr.number(definition.get("TimeoutSeconds", 0))
    told = f"{ptbr.number(seconds)} s para o trabalho, {whole} s para a máquina"
    return Answer(line, seconds == LIMIT_SECONDS, told)


def _retried(definition: Mapping[str, Any]) -> Answer:
    """Only what passes by itself may be tried again: a job that failed would fail again."""
    line = "Retry policies configuradas"
    tasks = _tasks(definition)
    if without := [name for name, task in tasks.items() if not task.get("Retry")]:
        return Answer(line, False, f"sem Retry: {ptbr.listed(without)}")
    broad = [
        name
        for name, task in tasks.items()
        for retry in task["Retry"]
        if any(error.startswith("States.") for error in retry["ErrorEquals"])
    ]
    if broad:
        return Answer(line, False, f"repete mais que erros transitórios: {ptbr.listed(broad)}")
    return Answer(line, True, f"{len(tasks)} tarefas, só para erros transitórios dos serviços")


def _caught(definition: Mapping[str, Any]) -> Answer:
    line = "Error handling configurado"
    tasks = _tasks(definition)
    without = [
        name
        for name, task in tasks.items()
        if not any("States.ALL" in catch["ErrorEquals"] for catch in task.get("Catch", ()))
    ]
    if without:
        return Answer(line, False, f"sem Catch de States.ALL: {ptbr.listed(without)}")
    return Answer(line, True, f"as {len(tasks)} tarefas têm Catch de States.ALL")


def traced(machine: Mapping[str, Any], *, embedded: bool) -> Answer:
    """machine: as Step Functions describes it."""
    line = "X-Ray Tracing habilitado"
    configured = machine.get("tracingConfiguration")
    if not configured and embedded:
        return Answer(
            line, None, "a AWS embarcada não guarda esta configuração; o template a declara"
        )
    held = bool(configured and configured["enabled"])
    return Answer(line, held, "na máquina de estados" if held else "desabilitado")


def log_group(configured: Mapping[str, Any]) -> str | None:
    for destination in configured.get("destinations", ()):
        arn: str = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
        return arn.split(":log-group:")[1].removesuffix(":*")
    return None


def calls(definition: Mapping[str, Any], machine_arn: str) -> Iterator[tuple[str, str]]:
    """What its role must be allowed: action and resource."""
    partition, _, region, account = machine_arn.split(":")[1:5]
    for task in _tasks(definition).values():
        arguments = task["Arguments"]
        if task["Resource"] == _GLUE:
            name = arguments["JobName"]
            yield "glue:StartJobRun", f"arn:{partition}:glue:{region}:{account}:job/{name}"
        elif "FunctionName" in arguments:
            yield "lambda:InvokeFunction", arguments["FunctionName"]
        elif "TopicArn" in arguments:
            yield "sns:Publish", arguments["TopicArn"]
