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
    attempts = pipeline.attempts(job)
    last = last_of(attempts, job)
    if last.status == "RUNNING":
        raise UsageError(
            f"{last.name} ainda está em andamento.", hint=f"Interrompa-a antes: recon abort {job}"
        )
    event = event_of(last)
    chain = intake.chain(event.profile, event.file_hash)
    if chain and chain[-1].event.job_id != event.job_id:
        raise UsageError(
            f"O conteúdo de {event.job_id} pertence agora a {chain[-1].event.job_id}.",
            hint=f"É esse que se retira: recon retract {chain[-1].event.job_id} --reason MOTIVO",
        )
    removed = [key for attempt in attempts for key in _take_out(pipeline, attempt)]
    pipeline.note_curated_change()  # always: the time before may have died before it came to this
    for key in removed:
        output.line(f"Retirado: {key}")
    if not removed:
        output.line("Nenhuma linha dele estava nas tabelas curadas.")
    if chain and chain[-1].origin != "retract":
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
    manifests = pipeline.manifests(attempt.job_id, attempt.name)
    if not {Stage.RECONCILIATION, Stage.QUICKSIGHT_PREP} <= manifests.keys():
        return []
    figures = manifests[Stage.RECONCILIATION].figures_of(ReconciliationFigures)
    day = business_day(event.job_id, event.object_key, figures.as_of)
    ours = {
        curated_key(table, day, event.profile, event.bucket_name, event.object_key): file.sha256
        for table, file in manifests[Stage.QUICKSIGHT_PREP].files.items()
        if table in CURATED_TABLES
    }
    there = {key: sha256 for key in ours if (sha256 := pipeline.sha256_of(key))}
    # Empty tables of two runs are the same bytes: only all of them together say whose they are.
    if any(ours[key] != sha256 for key, sha256 in there.items()):
        return []
    for key in there:
        pipeline.remove(key)
    return list(there)
