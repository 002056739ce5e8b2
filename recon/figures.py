"""A stage's figures in the words of the command: one line while it runs, a few at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared import ptbr
from shared.layout import Stage
from shared.manifest import (
    Figures,
    Manifest,
    QuickSightFigures,
    ReconciliationFigures,
    RecordCounts,
    ValidationFigures,
)
from shared.taxonomy import ROW_CLASSES, Verdict


def note(figures: Figures) -> str:
    match figures:
        case ValidationFigures():
            of = figures.reference
            return counted(figures) + (f"; da referência, {counted(of)}" if of else "")
        case ReconciliationFigures():
            return ", ".join(
                (
                    ptbr.count(figures.matches, "conciliação", "conciliações"),
                    ptbr.count(figures.breaks, "divergência", "divergências"),
                    ptbr.count(figures.pending, "pendência", "pendências"),
                )
            )
        case QuickSightFigures():
            rows = ptbr.count(sum(figures.tables.values()), "linha", "linhas")
            return f"{rows} em {ptbr.count(len(figures.tables), 'tabela', 'tabelas')}"


def counted(file: RecordCounts) -> str:
    return ", ".join(
        (
            ptbr.count(file.lines, "registro lido", "registros lidos"),
            ptbr.count(file.entries, "lançamento", "lançamentos"),
            ptbr.count(file.rejected, "rejeitado", "rejeitados"),
        )
    )


def of_run(manifests: Mapping[Stage, Manifest]) -> Iterator[str]:
    """The verdict of a run that came to one; nothing else."""
    if reconciled := manifests.get(Stage.RECONCILIATION):
        validated = manifests[Stage.VALIDATION].figures_of(ValidationFigures)
        figures = reconciled.figures_of(ReconciliationFigures)
        yield from verdict_lines(figures, validated.both.rejected)


def verdict_lines(figures: ReconciliationFigures, rejected: int) -> Iterator[str]:
    """The verdict, then what it rests on: counts by class, and per currency the totals and both differences.

    rejected: lines of the file that are in none of them.
    """
    yield f"Veredito: {Verdict(figures.verdict).label}"
    if figures.verdict == Verdict.AGREED_WITH_WARNINGS:
        yield f"  Avisos: {'; '.join(_warnings(figures, rejected))}"
    for code, row_class in ROW_CLASSES.items():
        if count := figures.counts.get(code):
            yield f"  {ptbr.number(count):>12}  {row_class.label}"
    for money in figures.currencies:
        sides = ", ".join(
            f"{side} {ptbr.money(total, money.currency)} ({ptbr.count(rows, 'lançamento', 'lançamentos')})"
            for side, total, rows in (
                ("A", money.total_a, money.rows_a),
                ("B", money.total_b, money.rows_b),
            )
        )
        net, gross = (ptbr.money(value, money.currency) for value in (money.net, money.gross))
        yield f"  {money.currency}: {sides}; diferença líquida {net}, bruta {gross}"
    held = sum(identity.held for identity in figures.identities)
    yield f"  Provas: {held} de {len(figures.identities)} identidades fecham"
    yield f"  Hash do resultado: {figures.result_hash}"


def _warnings(figures: ReconciliationFigures, rejected: int) -> Iterator[str]:
    """Why it is not simply agreed: what `jobs.reconciliation.proof.verdict_of` decides by."""
    if figures.breaks:
        yield ptbr.count(
            figures.breaks, "divergência, não material", "divergências, nenhuma material"
        )
    if rejected:
        yield ptbr.count(rejected, "linha rejeitada", "linhas rejeitadas") + " na validação"
    if not figures.breaks and not rejected:
        yield (
            "o que as tolerâncias deixaram passar, somado, alcança o limite do perfil "
            "(materiality.run_net ou run_gross)"
        )


def verdict_document(figures: ReconciliationFigures) -> dict[str, object]:
    """The same for machines; amounts in minor units."""
    return {
        "verdict": figures.verdict,
        "result_hash": figures.result_hash,
        "counts": {code: count for code, count in figures.counts.items() if count},
        "totals": [money.model_dump(mode="json") for money in figures.currencies],
        "engine": figures.engine,
    }
