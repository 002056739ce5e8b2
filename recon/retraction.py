"""`recon retract`: takes a result back. Its rows leave the curated tables, its bytes may come again, and it is told."""

from __future__ import annotations

from jobs.quicksight_prep.curation import CURATED_TABLES, business_day
from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Execution, Pipeline, event_of, last_of
from recon.resumption import Intake, append, check_reason
from shared.alert import RunRetracted
from shared.intake import Claim
from shared.layout import Stage, curated_key
from shared.manifest import ReconciliationFigures


def retract(pipeline: Pipeline, intake: Intake, job: str, reason: str, output: Output) -> int:
    """May be repeated: the rows go first, then the bytes are free; it is told last, and once."""
    check_reason(reason)
    event = event_of(last_of(pipeline.attempts(job), job))
    # The chain first: whoever starts an attempt claims it before, so that a later claim is in our claim's way.
    chain = intake.chain(event.profile, event.file_hash)
    attempts = pipeline.attempts(job)
    last = last_of(attempts, job)
    if last.status == "RUNNING":
        raise UsageError(
            f"{last.name} ainda está em andamento.", hint=f"Interrompa-a antes: recon abort {job}"
        )
    if chain and chain[-1].event.job_id != event.job_id:
        raise UsageError(
            f"O conteúdo de {event.job_id} pertence agora a {chain[-1].event.job_id}.",
            hint=f"É esse que se retira: recon retract {chain[-1].event.job_id} --reason MOTIVO",
        )
    claimed = chain[-1].event.execution_name if chain else last.name
    if claimed not in {attempt.name for attempt in attempts}:
        raise UsageError(
            f"{claimed} está para começar, e poria as linhas de volta.",
            hint=f"Espere que termine e repita. Se não começar: recon resume {job}",
        )
    removed = [key for attempt in attempts for key in _take_out(pipeline, attempt)]
    pipeline.note_curated_change()  # always: the time before may have died before it came to this
    for key in removed:
        output.line(f"Retirado: {key}")
    if not removed:
        output.line("Nenhuma linha dele estava nas tabelas curadas.")
    if chain and chain[-1].origin == "retract":
        output.line(f"Já estava retirado: {chain[-1].event.reason}")
    elif chain:
        released = event.model_copy(update={"reason": reason})
        number, upload = chain[-1].number + 1, chain[-1].upload
        append(Claim(number=number, origin="retract", event=released, upload=upload), intake)
    pipeline.tell(
        RunRetracted(
            job=event.model_copy(update={"reason": None}),
            execution_name=last.name,
            removed=len(removed),
        )
    )
    output.line(f"{event.job_id} retirado; o mesmo conteúdo pode ser enviado de novo.")
    if output.as_json:
        output.document({"job_id": event.job_id, "reason": reason, "removed": removed})
    return 0


def _take_out(pipeline: Pipeline, attempt: Execution) -> list[str]:
    """What of this attempt the curated tables show; a corrected file's rows, under the same key, stay."""
    event = event_of(attempt)
    reconciled = pipeline.manifest(attempt.job_id, attempt.name, Stage.RECONCILIATION)
    if not reconciled:
        return []
    figures = reconciled.figures_of(ReconciliationFigures)
    day = business_day(event.job_id, event.object_key, figures.as_of)
    keys = [
        curated_key(table, day, event.profile, event.bucket_name, event.object_key)
        for table in CURATED_TABLES
    ]
    # The last stage's manifest would not do: a job that died before it has left rows all the same.
    if pipeline.job_of_rows(keys[0]) != event.job_id:
        return []
    there = [key for key in keys if pipeline.holds(key)]
    for key in reversed(there):  # the one that says whose they are goes last
        pipeline.remove(key)
    return there
