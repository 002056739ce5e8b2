"""A dashboard that shows less than is known: QuickSight did not take in what the last runs wrote."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from services.notifier.notice import DO, HAPPENED, Notice, Section, about, plain
from shared.alert import Alert, RefreshFailed
from shared.ptbr import count, moment

_MOST = 20  # data sets that are named


def notice(request: RefreshFailed, now: datetime) -> Notice:
    reasons = {
        plain(name, 80): plain(reason, 80)
        for name, reason in islice(sorted(request.reasons.items()), _MOST)
    }
    many = count(len(request.reasons), "conjunto de dados", "conjuntos de dados")
    ingestion = plain(request.ingestion_id, 128)
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="STALE",
            timestamp=now,
            message="Atualização do painel falhou",
            results={
                "day": request.day.isoformat(),
                "ingestion_id": ingestion,
                "started_at": request.started_at.isoformat(),
                "reasons": reasons,
            },
        ),
        subject=about(None, request.day.isoformat()),
        headline=f"painel desatualizado, {many} sem atualizar",
        sections=(
            Section(
                HAPPENED,
                (
                    f"A atualização iniciada em {moment(request.started_at)} (horário de Brasília) "
                    "não trouxe ao QuickSight tudo o que as conciliações gravaram.",
                    "Nenhuma conciliação falhou: alertas, relatórios e tabelas curadas estão em dia.",
                    *(f"- {name}: {reason}" for name, reason in reasons.items()),
                ),
            ),
            Section(
                DO,
                (
                    "Será tentada de novo; hoje não haverá outro aviso. Se o painel seguir "
                    "desatualizado, veja o erro inteiro:",
                    "    aws quicksight describe-ingestion --aws-account-id CONTA "
                    f"--data-set-id {next(iter(reasons), 'CONJUNTO')} --ingestion-id {ingestion}",
                ),
            ),
        ),
    )
