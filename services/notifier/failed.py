"""A run that ended badly: which state failed and why, what was done before, how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.notifier.notice import DO, HAPPENED, KEY, RUN, Notice, Section, about_run, plain
from services.notifier.places import Places
from shared import ptbr
from shared.alert import Alert, RunFailed
from shared.checkpoint import Failure
from shared.layout import Stage

_MESSAGES = {
    "FAILED": "Falha no processamento de conciliação",
    "TIMED_OUT": "Timeout de 20 minutos excedido",
    "ABORTED": "Processamento de conciliação interrompido",
}
_ENDED = {"FAILED": "falhou", "TIMED_OUT": "não terminou a tempo", "ABORTED": "foi interrompida"}
_STATES = {
    "StartTimer": "preparação da execução",
    "ValidateCSV": "validação",
    "CheckValidationResult": "verificação da validação",
    "CheckTimeout": "verificação do tempo",
    "ReconcileData": "conciliação",
    "PrepareQuickSight": "preparação dos relatórios",
    "NotifySuccess": "notificação de conclusão",
    "AlertSuccessPlainly": "notificação de conclusão",
    "UNKNOWN": "execução",
}
_STAGES = {
    Stage.VALIDATION: ("validação", "lançamentos"),
    Stage.RECONCILIATION: ("conciliação", "lançamentos"),
    Stage.QUICKSIGHT_PREP: ("relatórios", "linhas"),
}
# What validation may say that no other file would mend.
_NOT_THE_FILE = ("INTERNAL", "ARGUMENT", "HASH_MISMATCH", "STAGE_INPUT")


def notice(request: RunFailed, failure: Failure, places: Places, now: datetime) -> Notice:
    job_id = plain(request.job_id, 80)
    key = request.job.object_key if request.job else None
    message = plain(failure.error.message)
    explained = failure.error.stage_error
    hint = plain(explained.hint) if explained and explained.hint else _unexplained(failure)
    where = request.checkpoint_location and plain(request.checkpoint_location, KEY)
    page = places.execution_page(request.execution_arn)
    resume = f"recon resume {job_id}"
    # The end that is told is the execution's own, whatever the checkpoint knew before.
    what = f"{state_name(failure.state)} {_ENDED[request.status]}"
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="CRITICAL",
            status=request.status,
            job_id=job_id,
            profile=request.profile,
            timestamp=now,
            message=_MESSAGES[request.status],
            error={
                "state": plain(failure.state, 80),
                "name": plain(failure.error.name, 256),
                "code": plain(explained.code, 80) if explained else "",
                "message": message,
                "hint": hint or "",
                "done": [each.stage for each in failure.progress],
                "execution": plain(request.execution_name, 80),
                "checkpoint_location": where or "",
                "resume": resume,
                "page": page or "",
            },
        ),
        subject=about_run(request.profile, job_id, key),
        headline=f"{what}: {message}",
        sections=(
            Section(HAPPENED, tuple(filter(None, (f"A {what}.", message, hint)))),
            Section("O que já estava pronto", tuple(_progress_lines(failure))),
            Section(DO, tuple(_advice(request, failure, resume))),
            Section(RUN, tuple(_run_lines(request, failure, where, page))),
        ),
    )


def state_name(state: str) -> str:
    return _STATES.get(state) or f"etapa {plain(state, 80)}"


def _unexplained(failure: Failure) -> str | None:
    """A killed process leaves no words of its own, only Glue's exit code."""
    cause = failure.error.cause
    died = isinstance(cause, dict) and cause.get("JobRunState") in ("FAILED", "ERROR")
    if failure.error.stage_error or not died:
        return None
    return "A etapa terminou sem se explicar. O mais comum é falta de memória ou parada da máquina."


def _advice(request: RunFailed, failure: Failure, resume: str) -> Iterator[str]:
    explained = failure.error.stage_error
    code = explained.code if explained else None
    if request.job is None:  # started by hand, with what is no job: the same again would fail again
        yield "Inicie outra execução com job_id, bucket_name, object_key e file_hash válidos."
        return
    if code == "PROFILE":
        yield "Corrija o perfil, publique-o com recon publish e retome:"
    elif code and code.startswith("REFERENCE_"):
        yield "Guarde uma referência com recon reference put e retome:"
    elif failure.state == "ValidateCSV" and code not in (None, *_NOT_THE_FILE):
        yield "Corrija o arquivo e envie de novo. Se o erro não era do arquivo, retome:"
    elif failure.progress:
        yield "Corrija a causa e retome; o que já está pronto é reaproveitado:"
    else:
        yield "Corrija a causa e retome:"
    yield f"    {resume}"


def _progress_lines(failure: Failure) -> Iterator[str]:
    for done in failure.progress:
        name, unit = _STAGES[done.stage]
        rows = f"{ptbr.number(done.rows)} {unit}" if done.rows is not None else None
        seconds = ptbr.duration(done.seconds) if done.seconds is not None else None
        yield f"- {name}: {', '.join(filter(None, (rows, seconds))) or 'concluída'}"
    if not failure.progress:
        yield "Nenhuma etapa tinha terminado."


def _run_lines(
    request: RunFailed, failure: Failure, where: str | None, page: str | None
) -> Iterator[str]:
    if request.job:
        job = request.job
        yield f"Arquivo: s3://{job.bucket_name}/{plain(job.object_key, KEY)}"
        yield f"Perfil: {job.profile}"
    yield f"Job: {plain(request.job_id, 80)}"
    yield f"Execução: {plain(request.execution_name, 80)}"
    yield f"Estado: {plain(failure.state, 80)} ({plain(failure.error.name, 256)})"
    yield f"Checkpoint: {where or 'não foi possível salvar'}"
    if page:
        yield f"Console: {page}"
