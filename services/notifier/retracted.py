"""A result that was taken back: whoever used it must know."""

from __future__ import annotations

from datetime import datetime

from services.notifier.notice import DO, HAPPENED, KEY, RUN, Notice, Section, about_run, plain
from shared.alert import Alert, RunRetracted
from shared.ptbr import count


def notice(request: RunRetracted, now: datetime) -> Notice:
    job = request.job
    tables = count(request.removed, "tabela curada", "tabelas curadas")
    removed = f"Suas linhas saíram de {tables}, e com elas dos painéis."
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="RETRACTED",
            job_id=job.job_id,
            profile=job.profile,
            timestamp=now,
            message="Resultado de conciliação retirado",
            results={
                "file": {"bucket": job.bucket_name, "key": plain(job.object_key, KEY)},
                "execution": plain(request.execution_name, 80),
                "removed": request.removed,
            },
        ),
        subject=about_run(job.profile, job.job_id, job.object_key),
        headline="resultado retirado",
        sections=(
            Section(
                HAPPENED,
                (
                    f"O resultado de {job.job_id} foi retirado e não vale mais.",
                    removed if request.removed else "Nenhuma linha dele estava nos painéis.",
                    "O mesmo conteúdo pode ser enviado de novo.",
                ),
            ),
            Section(
                DO,
                (
                    "Quem já usou este resultado deve desconsiderá-lo. O motivo está no registro:",
                    f"    recon show {job.job_id}",
                ),
            ),
            Section(
                RUN,
                (
                    f"Arquivo: s3://{job.bucket_name}/{plain(job.object_key, KEY)}",
                    f"Execução: {plain(request.execution_name, 80)}",
                ),
            ),
        ),
    )
