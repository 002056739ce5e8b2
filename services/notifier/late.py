"""A run that is still going when most of its time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.notifier.failed import state_name
from services.notifier.notice import DO, HAPPENED, KEY, RUN, Notice, Section, about_run, plain
from services.notifier.places import Places
from shared.alert import Alert, RunLate
from shared.ptbr import count, moment


def notice(request: RunLate, places: Places, now: datetime) -> Notice:
    job_id = plain(request.job_id, 80)
    key = request.job.object_key if request.job else None
    state = state_name(request.state)
    page = places.execution_page(request.execution_arn)
    minutes = count(request.minutes, "minuto", "minutos")
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="RUNNING",
            job_id=job_id,
            profile=request.profile,
            timestamp=now,
            message=f"Conciliação em andamento há {minutes}",
            results={
                "state": plain(request.state, 80),
                "minutes": request.minutes,
                "ends_at": request.ends_at.isoformat(),
                "execution": plain(request.execution_name, 80),
                "page": page or "",
            },
        ),
        subject=about_run(request.profile, job_id, key),
        headline=f"em andamento há {minutes}, na {state}",
        sections=(
            Section(
                HAPPENED,
                (
                    f"A execução está há {minutes} em andamento, na {state}.",
                    f"Se não terminar até {moment(request.ends_at)} (horário de Brasília), será "
                    "encerrada e avisada.",
                ),
            ),
            Section(DO, ("Acompanhe com:", f"    recon show {job_id}")),
            Section(RUN, tuple(_run_lines(request, job_id, page))),
        ),
    )


def _run_lines(request: RunLate, job_id: str, page: str | None) -> Iterator[str]:
    if request.job:
        yield f"Arquivo: s3://{request.job.bucket_name}/{plain(request.job.object_key, KEY)}"
    yield f"Job: {job_id}"
    yield f"Execução: {plain(request.execution_name, 80)}"
    if page:
        yield f"Console: {page}"
