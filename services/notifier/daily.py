"""What is told by the clock and not by a run: a file that did not come, and the day's digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.notifier.notice import DO, HAPPENED, Notice, Section, about
from shared import ptbr
from shared.alert import Alert, Digest, FileOverdue
from shared.taxonomy import Verdict

_FAILURES = {
    "FAILED": "falharam",
    "TIMED_OUT": "não terminaram a tempo",
    "ABORTED": "interrompidas",
}


def overdue(request: FileOverdue, now: datetime) -> Notice:
    day = ptbr.day(request.day)
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="WARNING",
            status="OVERDUE",
            profile=request.profile,
            timestamp=now,
            message="Arquivo esperado não chegou",
            results={"day": request.day.isoformat(), "by": request.by},
        ),
        subject=about(request.profile, request.day.isoformat()),
        headline=f"arquivo esperado até {request.by} não chegou",
        sections=(
            Section(
                HAPPENED,
                (
                    f"O perfil {request.profile} espera um arquivo até {request.by} "
                    f"(horário de Brasília), e nenhum chegou em {day}.",
                ),
            ),
            Section(
                DO,
                (
                    "Cobre o arquivo de quem o envia. Quando chegar, será conciliado como sempre:",
                    f"    pasta {request.profile}/ do bucket de entrada",
                    "Se não há arquivo a esperar, mude [expect] no perfil.",
                ),
            ),
        ),
    )


def digest(request: Digest, now: datetime) -> Notice:
    runs = sum(request.verdicts.values()) + sum(request.failures.values())
    failed = sum(request.failures.values())
    parts = [ptbr.count(runs, "execução", "execuções")]
    if failed:
        parts.append(ptbr.count(failed, "sem resultado", "sem resultado"))
    if request.overdue:
        parts.append(ptbr.count(len(request.overdue), "arquivo faltando", "arquivos faltando"))
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity="INFO",
            status="DIGEST",
            timestamp=now,
            message="Resumo do dia",
            results=request.model_dump(mode="json", exclude={"kind", "schema_version"}),
        ),
        subject=about(None, request.day.isoformat()),
        headline=f"resumo do dia, {', '.join(parts)}",
        sections=(
            Section(f"24 horas até {ptbr.moment(request.until)}", tuple(_run_lines(request))),
            Section("Arquivos que não chegaram", request.overdue),
        ),
    )


def _run_lines(request: Digest) -> Iterator[str]:
    labels = {verdict.value: verdict.label for verdict in Verdict}
    for verdict, runs in sorted(request.verdicts.items()):
        yield f"{labels.get(verdict, 'Resultado ilegível')}: {ptbr.number(runs)}"
    for status, runs in sorted(request.failures.items()):
        yield f"Execuções que {_FAILURES.get(status, status)}: {ptbr.number(runs)}"
    yield f"Em andamento: {ptbr.number(request.running)}"
    if not request.verdicts and not request.failures:
        yield "Nenhuma execução terminou."
