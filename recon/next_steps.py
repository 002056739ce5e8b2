"""`recon` alone: what is there, and what can be done next with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from recon.errors import UsageError
from recon.history import Listed, listed
from recon.output import Output
from recon.pipeline import Pipeline
from recon.report import OUT, REPORT
from recon.resumption import Intake
from shared.layout import Stage
from shared.upload_key import TIME_ZONE

SHOWN = 5
_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")


class Step(NamedTuple):
    command: str
    why: str


def next_steps(
    find: Callable[[], tuple[Pipeline, Intake]],
    output: Output,
    *,
    asked_for: bool,
    in_account: bool,
) -> int:
    """asked_for: that there is no pipeline is then an error, and not a situation."""
    try:
        pipeline, intake = find()
    except UsageError as error:
        if asked_for:
            raise
        situation, runs = error.message, []
        steps = list(of_this_folder(OUT))
    else:
        name = pipeline.stack.name
        situation = f"O pipeline {name} está no ar{' na conta' if in_account else ''}."
        runs = listed(pipeline, intake, SHOWN)
        upload = f"s3://{pipeline.stack.ingress_bucket}/{datetime.now(TIME_ZONE):%Y-%m-%d}/"
        steps = list(of_runs(runs, upload))
    output.line(situation)
    for each in runs:
        told = each.verdict.label if each.verdict else each.run.status
        output.line(f"  {each.run.name}: {told}{', retirada' if each.retracted else ''}")
    output.line()
    output.line("A seguir:")
    for step in steps:
        output.line(f"  {step.command}")
        output.line(f"      {step.why}")
    output.line("Todos os comandos: recon --help")
    if output.as_json:
        output.document(
            {
                "situation": situation,
                "runs": [each.run.name for each in runs],
                "next": [step._asdict() for step in steps],
            }
        )
    return 0


def of_runs(runs: Sequence[Listed], upload: str) -> Iterator[Step]:
    """runs: the newest first, of which only the last attempt of a job can be acted on."""
    last = {each.run.job_id: each for each in reversed(runs)}
    newest = [each for each in runs if last[each.run.job_id] is each and not each.retracted]
    for each in newest:
        job = each.run.job_id
        if each.run.status in _ENDED_BADLY:
            yield Step(f"recon show {job}", "o que falhou nessa execução, e onde")
            yield Step(f"recon resume {job}", "retoma, se o erro não era do arquivo")
            break
    for each in newest:
        if each.run.status == "RUNNING":
            yield Step(f"recon show {each.run.job_id}", "em que pé está a execução em andamento")
            break
    for each in newest:
        if each.verdict:
            yield Step(f"recon report {each.run.job_id}", f"o relatório: {each.verdict.label}")
            break
    yield Step(f"aws s3 cp ARQUIVO.csv {upload}", "envia um arquivo; o aviso diz se os lados batem")
    yield Step("recon runs", "todas as execuções, e os envios recusados ou repetidos")


def of_this_folder(out: Path) -> Iterator[Step]:
    pages = sorted(
        out.glob(f"*/{Stage.QUICKSIGHT_PREP}/{REPORT}"), key=lambda page: page.stat().st_mtime
    )
    if pages:
        folder = pages[-1].parent.parent
        yield Step(f"recon report {folder}", "o relatório da última execução daqui")
    yield Step("recon run ARQUIVO.csv", "concilia um arquivo nesta máquina, do envio ao aviso")
    yield Step(
        "recon profile new ARQUIVO.csv", "para um arquivo de outro formato: propõe um perfil"
    )
    yield Step("recon up", "deixa o pipeline no ar, para qualquer cliente da AWS")
    if os.environ.keys() & {"AWS_PROFILE", "AWS_ACCESS_KEY_ID"}:
        yield Step("recon --aws", "o mesmo, do pipeline na conta das suas configurações da AWS")
