"""`recon runs` and `recon show`: what ran, and what became of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recon import figures
from recon.errors import UsageError
from recon.follow import with_notes
from recon.output import Output
from recon.pipeline import Execution, Pipeline, event_of, last_of
from recon.resumption import Intake
from recon.timeline import Timeline
from shared import ptbr
from shared.checkpoint import Checkpoint, Failure
from shared.intake import Receipt
from shared.layout import Stage
from shared.manifest import Manifest, ReconciliationFigures
from shared.taxonomy import Verdict


@dataclass(frozen=True)
class Listed:
    """retracted: why, where the job's result was taken back."""

    run: Execution
    verdict: Verdict | None
    retracted: str | None


def runs(pipeline: Pipeline, intake: Intake, limit: int, output: Output) -> int:
    found = listed(pipeline, intake, limit)
    untaken = list(pipeline.untaken(limit))
    if output.as_json:
        output.document(
            {
                "runs": [
                    {**_summary(each.run, each.verdict), "retracted": each.retracted}
                    for each in found
                ],
                "uploads": [receipt.model_dump(mode="json") for receipt in untaken],
            }
        )
        return 0
    if not found:
        output.line("Nenhuma execução ainda.")
    else:
        head = ("EXECUÇÃO", "SITUAÇÃO", "INÍCIO", "DURAÇÃO", "VEREDITO", "ARQUIVO")
        output.table(head, [_row(each) for each in found])
    if untaken:
        output.line()
        output.line("Envios que não iniciaram execução")
        output.table(
            ("RECEBIDO", "SITUAÇÃO", "POR QUÊ", "ARQUIVO"),
            [_upload(receipt) for receipt in untaken],
        )
    return 0


def listed(pipeline: Pipeline, intake: Intake, limit: int) -> list[Listed]:
    """The newest executions first."""
    return [
        Listed(run, verdict_of(pipeline.manifests(run.job_id, run.name)), retraction(intake, run))
        for run in pipeline.latest(limit)
    ]


def show(pipeline: Pipeline, intake: Intake, job: str, output: Output) -> int:
    """job: a job, whose last attempt is shown, or one execution."""
    attempts = pipeline.attempts(job)
    run = last_of(attempts, job)
    timeline = with_notes(pipeline, run.job_id, pipeline.timeline(run), {})
    manifests = pipeline.manifests(run.job_id, run.name)
    checkpoint = pipeline.checkpoint(run.job_id)
    verdict = verdict_of(manifests)
    if output.as_json:
        output.document(
            {
                **document(run, timeline, manifests),
                "attempts": [_summary(attempt, None) for attempt in attempts],
                "retracted": retraction(intake, run),
                "checkpoint": checkpoint and checkpoint.model_dump(mode="json"),
                "outputs": pipeline.address(run.job_id, run.name),
            }
        )
        return exit_code(run, verdict)
    output.line(f"{run.name}: {run.status}")
    if {"bucket_name", "object_key", "file_hash"} <= set(run.job):
        output.line(f"Arquivo: s3://{run.job['bucket_name']}/{run.job['object_key']}")
        output.line(f"SHA-256: {run.job['file_hash']}")
    if reason := retraction(intake, run):
        output.line(f"Retirado, e fora das tabelas curadas: {reason}", style="yellow")
    output.line(f"Início: {ptbr.moment(run.started_at)}")
    if reason := run.job.get("reason"):
        output.line(f"Motivo: {reason}")
    for attempt in attempts[:-1]:
        why = f" ({attempt.error})" if attempt.error else ""
        output.line(f"Tentativa anterior: {attempt.name}: {attempt.status}{why}")
    output.timeline(timeline)
    for line in figures.of_run(manifests):
        output.line(line)
    if checkpoint and (failure := _failure(checkpoint, run)):
        output.line(f"Falhou em {failure.state}: {failure.error.message}")
        if (explained := failure.error.stage_error) and explained.hint:
            output.line(explained.hint)
        output.line("Um arquivo corrigido é enviado de novo. Se o erro não era do arquivo, retome:")
        output.line(f"    {checkpoint.resume}")
    output.line(f"Saídas: {pipeline.address(run.job_id, run.name)}")
    if Stage.QUICKSIGHT_PREP in manifests:
        output.line(f"Relatório: recon report {run.name}")
    return exit_code(run, verdict)


def exit_code(run: Execution, verdict: Verdict | None) -> int:
    """0 agreed or pending, or still running; 1 divergent, incomplete or failed."""
    if run.status == "RUNNING":
        return 0
    return 0 if run.status == "SUCCEEDED" and verdict and verdict.agrees else 1


def document(
    run: Execution, timeline: Timeline, manifests: Mapping[Stage, Manifest]
) -> dict[str, Any]:
    """One execution for machines: `recon show --json`, and a part of `recon run --json`."""
    reconciled = manifests.get(Stage.RECONCILIATION)
    result: dict[str, object] = {"verdict": None}
    if reconciled:
        result = figures.verdict_document(reconciled.figures_of(ReconciliationFigures))
    return {
        **_summary(run, None),
        **result,
        "error": run.error and {"name": run.error, "cause": run.cause},
        "states": [
            {
                "state": visit.state,
                "entered_at": visit.entered_at.isoformat(),
                "seconds": round(visit.seconds(visit.left_at), 3) if visit.left_at else None,
                "error": visit.error,
                "produced": timeline.notes.get(visit.state),
            }
            for visit in timeline.visits
        ],
    }


def _summary(run: Execution, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "job_id": run.job_id,
        "execution": run.name,
        "execution_arn": run.arn,
        "status": run.status,
        "verdict": verdict,
        "profile": run.job.get("profile", "default"),
        "object_key": run.job.get("object_key"),
        "started_at": run.started_at.isoformat(),
        "seconds": _seconds(run),
    }


def _row(each: Listed) -> tuple[str, ...]:
    run, verdict = each.run, each.verdict
    seconds = _seconds(run)
    return (
        run.name,
        f"{run.status}, retirada" if each.retracted else run.status,
        ptbr.moment(run.started_at),
        "" if seconds is None else ptbr.duration(seconds),
        verdict.label if verdict else "",
        str(run.job.get("object_key", "")),
    )


def _upload(receipt: Receipt) -> tuple[str, ...]:
    refused = receipt.outcome == "refused"
    return (
        ptbr.moment(receipt.received_at),
        "recusado" if refused else "repetido",
        receipt.code or "" if refused else f"o conteúdo é de {receipt.job_id}",
        receipt.upload.key,
    )


def _seconds(run: Execution) -> float | None:
    stopped = run.stopped_at
    return None if stopped is None else round((stopped - run.started_at).total_seconds(), 3)


def retraction(intake: Intake, run: Execution) -> str | None:
    """Why the job was retracted, unless its bytes came again since."""
    try:
        event = event_of(run)
    except UsageError:  # started by hand, with an input of another form: nobody claimed its bytes
        return None
    claims = intake.chain(event.profile, event.file_hash)
    retracted = (
        claims and claims[-1].origin == "retract" and claims[-1].event.job_id == event.job_id
    )
    return claims[-1].event.reason if retracted else None


def _failure(checkpoint: Checkpoint, run: Execution) -> Failure | None:
    """A job's checkpoint holds the bad ends of all its executions."""
    ends = (checkpoint, *checkpoint.earlier)
    return next((end for end in ends if end.execution_name == run.name), None)


def verdict_of(manifests: Mapping[Stage, Manifest]) -> Verdict | None:
    reconciled = manifests.get(Stage.RECONCILIATION)
    return reconciled.figures_of(ReconciliationFigures).verdict if reconciled else None
