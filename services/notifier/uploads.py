"""An upload that started no run: its bytes are known already, or it is nothing that we can read."""

from __future__ import annotations

from datetime import datetime

from services.notifier.notice import DO, HAPPENED, KEY, Notice, Section, about_run, plain
from shared.alert import Alert, UploadDuplicate, UploadRefused
from shared.intake import Upload

_SHORTLY = {
    "EMPTY_FILE": "vazio",
    "MALFORMED_KEY": "pasta ou nome fora do padrão",
    "NOT_CSV": "não é .csv",
    "OBJECT_ARCHIVED": "em classe de arquivamento",
    "OBJECT_GONE": "apagado antes de ser lido",
    "UNKNOWN_PROFILE": "perfil desconhecido",
}
"""For a subject, which names the file already; the message may name it again."""


def duplicate(request: UploadDuplicate, now: datetime) -> Notice:
    job_id = plain(request.job_id, 80)
    state = "ainda está em execução" if request.running else "já foi processado"
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="DUPLICATE",
            job_id=job_id,
            profile=request.profile,
            timestamp=now,
            message="Arquivo repetido: nada foi processado de novo",
            results={
                "file": _file(request.upload),
                "owner": _file(request.owner),
                "running": request.running,
            },
        ),
        subject=about_run(request.profile, "", request.upload.key),
        headline=f"arquivo repetido, {_name(request.upload)}",
        sections=(
            Section(
                HAPPENED,
                (
                    f"{_address(request.upload)} tem exatamente o conteúdo de",
                    f"{_address(request.owner)}, que {state} como {job_id}.",
                ),
            ),
            Section(
                DO,
                (
                    "Se o envio foi engano, nada. Para processar de novo o mesmo conteúdo:",
                    f'    recon rerun {job_id} --reason "por que"',
                ),
            ),
        ),
    )


def refused(request: UploadRefused, now: datetime) -> Notice:
    message = plain(request.message)
    hint = plain(request.hint) if request.hint else None
    profile = plain(request.profile, 80) if request.profile else None
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="REFUSED",
            profile=profile,
            timestamp=now,
            message="Arquivo recusado: não foi processado",
            error={
                "code": plain(request.code, 80),
                "message": message,
                "hint": hint or "",
                "file": _file(request.upload),
            },
        ),
        subject=about_run(profile, "", request.upload.key),
        headline=f"arquivo recusado, {_name(request.upload)}: {_SHORTLY.get(request.code, message)}",
        sections=(
            Section(HAPPENED, (_address(request.upload), message)),
            Section(
                DO,
                (
                    hint or "Corrija o arquivo e envie de novo.",
                    "Para conferir um arquivo antes de enviar:",
                    "    recon validate ARQUIVO",
                ),
            ),
        ),
    )


def _file(upload: Upload) -> dict[str, str]:
    return {
        "bucket": upload.bucket,
        "key": plain(upload.key, KEY),
        "version": plain(upload.version, KEY),
    }


def _address(upload: Upload) -> str:
    return f"s3://{upload.bucket}/{plain(upload.key, KEY)}"


def _name(upload: Upload) -> str:
    return plain(upload.key.rsplit("/", 1)[-1], 40)
