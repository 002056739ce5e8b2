"""A run that reached its end: what it found, by the figures of its three manifests."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from services.notifier.notice import DO, KEY, RUN, Notice, Section, about_run, plain
from services.notifier.places import Places
from shared import ptbr
from shared.alert import Alert, RunCompleted, Severity
from shared.layout import Stage, manifest_key, stage_prefix
from shared.manifest import (
    CurrencyFigures,
    Manifest,
    QuickSightFigures,
    ReconciliationFigures,
    ValidationFigures,
)
from shared.taxonomy import ROW_CLASSES, RowClass, Verdict

MOST = 20  # of whatever a file or a profile could make many

_MEANING = {
    Verdict.INCOMPLETE: "Uma prova de conservação falhou: não há conclusão.",
    Verdict.DIVERGENT: "Os dois lados não batem: há divergências a tratar.",
    Verdict.AGREED_WITH_WARNINGS: "Os dois lados batem, mas há avisos a conferir.",
    Verdict.AGREED_WITH_PENDING: "Os dois lados batem; o que falta ainda está dentro do prazo.",
    Verdict.AGREED: "Os dois lados batem.",
}
_STAGES = {
    Stage.VALIDATION: "Validação",
    Stage.RECONCILIATION: "Conciliação",
    Stage.QUICKSIGHT_PREP: "Relatórios",
}
_FOR_PEOPLE = (".html", ".csv", ".xlsx")
T = TypeVar("T")


def notice(
    request: RunCompleted,
    manifests: Mapping[Stage, Manifest],
    places: Places,
    now: datetime,
) -> Notice:
    """`manifests` lacks what could not be read."""
    job = request.job
    figures = {stage: manifest.figures for stage, manifest in manifests.items()}
    validation = _as(ValidationFigures, figures.get(Stage.VALIDATION))
    result = _as(ReconciliationFigures, figures.get(Stage.RECONCILIATION))
    prepared = _as(QuickSightFigures, figures.get(Stage.QUICKSIGHT_PREP))
    warnings = [
        f"Os números da etapa {_STAGES[stage]} não puderam ser lidos: "
        f"{places.address(manifest_key(job.job_id, request.execution_name, stage))}"
        for stage in Stage
        if stage not in manifests
    ]
    if validation and validation.both.rejected:
        warnings.append(f"Fora da conciliação: {_rejected(validation)}.")
    elif result and result.verdict is Verdict.AGREED_WITH_WARNINGS and not result.breaks:
        warnings.append("As diferenças que as tolerâncias deixaram passar somam um valor material.")
    if prepared and not prepared.published:
        warnings.append("Chegou outra versão deste arquivo: os painéis mostram a outra, não esta.")
    reports = _reports(request, manifests)
    addresses = {name: plain(places.address(key), 500) for name, key in reports.items()}
    pages = {name: page for name, key in reports.items() if (page := places.page(key))}
    return Notice(
        alert=Alert(
            kind=request.kind,
            severity=_severity(result, warnings),
            status="SUCCESS",
            job_id=job.job_id,
            profile=job.profile,
            verdict=result.verdict if result else None,
            timestamp=now,
            message=_message(result),
            results={
                "file": {"bucket": job.bucket_name, "key": plain(job.object_key, KEY)},
                "execution": request.execution_name,
                "validation": _validation_results(validation),
                "reconciliation": _reconciliation_results(result),
                "quicksight": _quicksight_results(prepared),
                "warnings": warnings,
                "reports": addresses,
                "pages": pages,
            },
        ),
        subject=about_run(job.profile, job.job_id, job.object_key),
        headline=_headline(validation, result),
        sections=(
            Section("Resultado", tuple(_result_lines(result))),
            Section("Números", tuple(_number_lines(validation, result))),
            Section("Por classe", tuple(_class_lines(result))),
            Section("Avisos", tuple(f"- {text}" for text in warnings)),
            Section("Relatórios", tuple(_report_lines(addresses, pages))),
            Section(DO, tuple(_what_to_do(job.job_id, result, reports))),
            Section(
                RUN,
                tuple(_run_lines(request, manifests, validation)),
            ),
        ),
    )


def _message(result: ReconciliationFigures | None) -> str:
    if result is None:
        return "Conciliação concluída: números indisponíveis"
    if result.verdict in (Verdict.AGREED, Verdict.AGREED_WITH_PENDING):
        return "Conciliação concluída com sucesso"
    verdict, _, _ = result.verdict.label.partition(":")
    return f"Conciliação concluída: {verdict.lower()}"


def _severity(result: ReconciliationFigures | None, warnings: list[str]) -> Severity:
    if result and result.verdict is Verdict.INCOMPLETE:
        return "CRITICAL"
    calm = result and result.verdict in (Verdict.AGREED, Verdict.AGREED_WITH_PENDING)
    return "INFO" if calm and not warnings else "WARNING"


def _headline(validation: ValidationFigures | None, result: ReconciliationFigures | None) -> str:
    if result is None:
        return "concluída, números indisponíveis"
    parts = []
    match result.verdict:
        case Verdict.INCOMPLETE:
            parts = ["incompleta, uma prova falhou"]
        case Verdict.DIVERGENT:
            gross = [ptbr.money(c.gross, c.currency) for c in result.currencies if c.gross]
            parts = [ptbr.count(result.breaks, "divergência", "divergências"), *gross[:2]]
        case Verdict.AGREED_WITH_PENDING:
            parts = ["conciliado", ptbr.count(result.pending, "pendência", "pendências")]
        case Verdict.AGREED_WITH_WARNINGS:
            parts = ["conciliado com avisos"]
        case Verdict.AGREED:
            parts = ["conciliado"]
            if validation:
                parts.append(ptbr.count(validation.both.entries, "lançamento", "lançamentos"))
    if validation and validation.both.rejected:
        parts.append(ptbr.count(validation.both.rejected, "rejeitada", "rejeitadas"))
    return ", ".join(parts)


def _rejected(validation: ValidationFigures) -> str:
    """Of each file that has any: how many, and for which codes."""
    told = []
    for figures, where in ((validation, "do envio"), (validation.reference, "da referência")):
        if figures and figures.rejected:
            rows = ptbr.count(figures.rejected, "linha rejeitada", "linhas rejeitadas")
            codes = ", ".join(f"{code}: {n}" for code, n in _counts(figures.codes).items())
            told.append(f"{rows} {where}" + (f" ({codes})" if codes else ""))
    return ptbr.listed(told)


# The e-mail


def _result_lines(result: ReconciliationFigures | None) -> Iterator[str]:
    if result:
        yield f"{result.verdict.label}. {_MEANING[result.verdict]}"


def _number_lines(
    validation: ValidationFigures | None, result: ReconciliationFigures | None
) -> Iterator[str]:
    if validation:
        yield f"Linhas do arquivo: {ptbr.number(validation.lines)}"
        if validation.reference:
            yield f"Linhas da referência: {ptbr.number(validation.reference.lines)}"
        yield f"Lançamentos: {ptbr.number(validation.both.entries)}"
        yield f"Linhas rejeitadas: {ptbr.number(validation.both.rejected)}"
    if result:
        yield f"Conciliações: {ptbr.number(result.matches)}"
        yield f"Divergências: {ptbr.number(result.breaks)}"
        if result.material_breaks:
            yield f"Divergências materiais: {ptbr.number(result.material_breaks)}"
        yield f"Pendências: {ptbr.number(result.pending)}"
        for currency in result.currencies[:MOST]:
            yield from _currency_lines(currency)
        if len(result.currencies) > MOST:
            yield f"… e mais {len(result.currencies) - MOST} moedas, no relatório"


def _currency_lines(figures: CurrencyFigures) -> Iterator[str]:
    code = figures.currency
    for side, rows, total in (
        ("A", figures.rows_a, figures.total_a),
        ("B", figures.rows_b, figures.total_b),
    ):
        entries = ptbr.count(rows, "lançamento", "lançamentos")
        yield f"Lado {side} em {code}: {ptbr.money(total, code)} ({entries})"
    yield f"Diferença líquida: {ptbr.money(figures.net, code)}"
    yield f"Diferença bruta (soma das divergências, todas sem sinal): {ptbr.money(figures.gross, code)}"


def _class_lines(result: ReconciliationFigures | None) -> Iterator[str]:
    """The most urgent breaks first, then what is pending, then what agrees."""
    counts = [(_class(code), n) for code, n in _first(result.counts.items() if result else ()) if n]
    urgency = {"break": 0, "pending": 1, "ok": 2}
    for row, n in sorted(counts, key=lambda c: (urgency[c[0].outcome], c[0].priority, -c[1])):
        yield f"{row.label}: {ptbr.number(n)}"


def _class(code: str) -> RowClass:
    return ROW_CLASSES.get(code) or RowClass(code, plain(code, 60), "break", 9)


def _report_lines(addresses: Mapping[str, str], pages: Mapping[str, str]) -> Iterator[str]:
    for name, address in addresses.items():
        yield f"{name}: {pages.get(name, address)}"
    if pages:
        yield (
            "Os links não vencem. Abrem para quem entra no console da AWS desta conta com leitura do "
            "bucket de dados (e da chave KMS, onde há uma)."
        )


def _what_to_do(
    job_id: str, result: ReconciliationFigures | None, reports: Mapping[str, str]
) -> Iterator[str]:
    if result and result.verdict in (Verdict.AGREED, Verdict.AGREED_WITH_PENDING):
        yield "Nada a fazer. Para ver os detalhes:"
        yield f"    recon show {job_id}"
    elif reports:
        yield "Confira o relatório. Ele também se abre com:"
        yield f"    recon report {job_id}"
    else:
        yield "Não há relatório. O que se sabe da execução:"
        yield f"    recon show {job_id}"


def _run_lines(
    request: RunCompleted, manifests: Mapping[Stage, Manifest], validation: ValidationFigures | None
) -> Iterator[str]:
    job = request.job
    yield f"Arquivo: s3://{job.bucket_name}/{plain(job.object_key, KEY)}"
    if validation and (reference := validation.reference):
        age = ptbr.count(reference.age_days, "dia", "dias")
        yield (
            f"Referência: {plain(reference.name, 100)}, guardada em "
            f"{ptbr.moment(reference.put_at)}, {age} antes da execução"
        )
    yield f"Perfil: {job.profile}"
    yield f"Job: {job.job_id}"
    if request.execution_name != job.job_id:
        yield f"Execução: {plain(request.execution_name, 80)}"
    times = [f"{_STAGES[s]} {ptbr.duration(manifests[s].seconds)}" for s in Stage if s in manifests]
    if times:
        yield f"Tempos: {', '.join(times)}"


# The envelope. Every collection and every text in it has a limit: SNS takes 256 KiB in all.


def _validation_results(figures: ValidationFigures | None) -> dict[str, Any]:
    if figures is None:
        return {}
    told = figures.model_dump(
        mode="json",
        exclude={"stage": True, "codes": True, "reference": {"codes": True}},
        exclude_none=True,
    )
    return told | {"codes": _counts(figures.codes)}


def _reconciliation_results(figures: ReconciliationFigures | None) -> dict[str, Any]:
    if figures is None:
        return {}
    names = {"verdict", "result_hash", "matches", "breaks", "pending", "material_breaks"}
    return figures.model_dump(mode="json", include=names) | {
        "counts": _counts(figures.counts),
        "currencies": [currency.model_dump() for currency in _first(figures.currencies)],
        "passes": {plain(each.name, 60): each.matches for each in _first(figures.passes)},
        "as_of": figures.as_of.isoformat(),
        "engine": plain(figures.engine, 20),
    }


def _quicksight_results(figures: QuickSightFigures | None) -> dict[str, Any]:
    if figures is None:
        return {}
    return {
        "tables": _counts(figures.tables),
        "published": figures.published,
    }


def _reports(request: RunCompleted, manifests: Mapping[Stage, Manifest]) -> dict[str, str]:
    """Keys of the last stage's files for people. Those of a reused stage lie with the attempt that wrote them."""
    prepared = manifests.get(Stage.QUICKSIGHT_PREP)
    paths = [file.path for file in prepared.files.values()] if prepared else []
    folder = stage_prefix(request.job_id, request.execution_name, Stage.QUICKSIGHT_PREP)
    return {
        plain(posixpath.basename(path), 60): plain(posixpath.normpath(folder + path), 300)
        for path in _first(p for p in paths if p.endswith(_FOR_PEOPLE))
    }


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {plain(name, 60): n for name, n in _first(counts.items())}


def _first(items: Iterable[T]) -> list[T]:
    return list(islice(items, MOST))


def _as(model: type[T], figures: object) -> T | None:
    """A manifest's place says which figures it holds; one that lies holds none."""
    return figures if isinstance(figures, model) else None
