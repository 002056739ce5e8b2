"""A stage's figures in words."""

from __future__ import annotations

import pytest

from recon import figures
from shared.manifest import (
    CurrencyFigures,
    IdentityCheck,
    QuickSightFigures,
    ReconciliationFigures,
    ValidationFigures,
)
from shared.taxonomy import Verdict

RECONCILED = ReconciliationFigures(
    verdict=Verdict.DIVERGENT,
    result_hash="ab" * 32,
    counts={"matched_exact": 1204, "missing_in_b": 1, "duplicate_a": 0},
    matches=1204,
    breaks=1,
    currencies=(
        CurrencyFigures(
            currency="BRL",
            rows_a=1205,
            rows_b=1204,
            total_a=1000050,
            total_b=1000000,
            net=50,
            gross=50,
            matched_a=1000000,
            matched_b=1000000,
        ),
    ),
    passes=(),
    bridge=(),
    identities=(IdentityCheck(name="linhas", expected="1", found="1", held=True),),
    as_of="2026-02-16",
    engine="duckdb",
)


def test_each_stage_is_told_in_one_line() -> None:
    validated = ValidationFigures(lines=12, header=1, skipped=0, entries=10, rejected=1)
    assert figures.note(validated) == "12 registros lidos, 10 lançamentos, 1 rejeitado"
    assert figures.note(RECONCILED) == "1.204 conciliações, 1 divergência, 0 pendências"
    prepared = QuickSightFigures(
        verdict=Verdict.AGREED, tables={"qs_breaks": 3, "qs_daily": 2}, published=True
    )
    assert figures.note(prepared) == "5 linhas em 2 tabelas"


def test_the_verdict_comes_with_counts_totals_differences_and_proofs() -> None:
    assert list(figures.verdict_lines(RECONCILED, rejected=0)) == [
        "Veredito: Divergente",
        "         1.204  Conciliado – exato",
        "             1  Sem contraparte no banco/adquirente",
        "  BRL: A R$ 10.000,50 (1.205 lançamentos), B R$ 10.000,00 (1.204 lançamentos); "
        "diferença líquida R$ 0,50, bruta R$ 0,50",
        "  Provas: 1 de 1 identidades fecham",
        f"  Hash do resultado: {'ab' * 32}",
    ]


@pytest.mark.parametrize(
    ("breaks", "rejected", "told"),
    [
        (2, 0, "2 divergências, nenhuma material"),
        (1, 3, "1 divergência, não material; 3 linhas rejeitadas na validação"),
        (0, 1, "1 linha rejeitada na validação"),
        (
            0,
            0,
            "o que as tolerâncias deixaram passar, somado, alcança o limite do perfil "
            "(materiality.run_net ou run_gross)",
        ),
    ],
)
def test_agreed_with_warnings_says_which(breaks: int, rejected: int, told: str) -> None:
    warned = {"verdict": Verdict.AGREED_WITH_WARNINGS, "breaks": breaks}
    lines = list(figures.verdict_lines(RECONCILED.model_copy(update=warned), rejected))
    assert lines[:2] == ["Veredito: Conciliado com avisos", f"  Avisos: {told}"]


def test_machines_get_minor_units_and_no_class_without_rows() -> None:
    document = figures.verdict_document(RECONCILED)
    assert document["verdict"] == "divergente"
    assert document["counts"] == {"matched_exact": 1204, "missing_in_b": 1}
    assert document["totals"] == [RECONCILED.currencies[0].model_dump(mode="json")]
