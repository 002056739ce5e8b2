"""The proof: each identity holds on a consistent result and fires on a corrupted one; what a result concludes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

import pytest

from jobs.profile import Materiality
from jobs.reconciliation.proof import (
    Difference,
    Statement,
    Tolerated,
    Total,
    bridge_of,
    check_identities,
    figures_of,
    result_hash,
    verdict_of,
)
from shared.manifest import ValidationFigures
from shared.taxonomy import Verdict

READ = ValidationFigures(lines=7, header=1, skipped=1, entries=4, rejected=1)


@dataclass(frozen=True)
class Result:
    """A has 1,000 and 500, B 1,003 and 70 USD: one pair within tolerance, one row missing on each side."""

    validation: ValidationFigures = READ
    totals: tuple[Total, ...] = (
        Total("A", "BRL", 2, 1_500),
        Total("B", "BRL", 1, 1_003),
        Total("B", "USD", 1, 70),
    )
    coverage: tuple[Total, ...] = (
        Total("A", "BRL", 1, 1_000, "matched_tolerance"),
        Total("B", "BRL", 1, 1_003, "matched_tolerance"),
        Total("A", "BRL", 1, 500, "missing_in_b"),
        Total("B", "USD", 1, 70, "missing_in_a"),
    )
    differences: tuple[Difference, ...] = (
        Difference("matched_tolerance", "BRL", 1, -3, 3),
        Difference("missing_in_b", "BRL", 1, 500, 500),
        Difference("missing_in_a", "USD", 1, -70, 70),
    )

    statements: tuple[Statement, ...] = (Statement("B 1-X BRL", 2_003, 2_003),)

    def failed(self) -> list[str]:
        currencies = figures_of(self.totals, self.coverage, self.differences)
        bridge = bridge_of(currencies, self.differences)
        checks = check_identities(
            self.validation, self.totals, self.coverage, bridge, self.statements
        )
        return [check.name for check in checks if not check.held]


def test_every_identity_holds_on_a_consistent_result() -> None:
    assert Result().failed() == []


def _lose_a_record(of: Result) -> Result:
    return replace(of, validation=of.validation.model_copy(update={"lines": 8}))


def _lose_an_entry(of: Result) -> Result:
    return replace(of, validation=of.validation.model_copy(update={"entries": 5, "rejected": 0}))


def _change_an_amount(of: Result) -> Result:
    return replace(of, coverage=(replace(of.coverage[0], amount=999), *of.coverage[1:]))


def _lose_a_line(of: Result) -> Result:
    nowhere = replace(of.coverage[2], row_class=None)
    return replace(of, coverage=(*of.coverage[:2], nowhere, of.coverage[3]))


def _name_a_line_twice(of: Result) -> Result:
    return replace(of, coverage=(*of.coverage, of.coverage[3]))


def _name_a_line_that_is_no_entry(of: Result) -> Result:
    return replace(of, coverage=(*of.coverage, Total("A", "", 1, 0, "missing_in_b")))


def _misstate_a_difference(of: Result) -> Result:
    return replace(of, differences=(replace(of.differences[0], net=-4), *of.differences[1:]))


def _misstate_a_balance(of: Result) -> Result:
    return replace(of, statements=(replace(of.statements[0], found=2_004),))


@pytest.mark.parametrize(
    ("corrupt", "fires"),
    [
        (_lose_a_record, ["records"]),
        (_lose_an_entry, ["entries"]),
        (_change_an_amount, ["conservation A BRL"]),
        (_lose_a_line, ["conservation A BRL", "every line once"]),
        (_name_a_line_twice, ["conservation B USD", "every line once"]),
        (_name_a_line_that_is_no_entry, ["every line once"]),
        (_misstate_a_difference, ["bridge BRL"]),
        (_misstate_a_balance, ["balance B 1-X BRL"]),
    ],
)
def test_each_identity_fires_on_a_corrupted_result(
    corrupt: Callable[[Result], Result], fires: list[str]
) -> None:
    assert corrupt(Result()).failed() == fires


def test_the_bridge_leads_from_one_total_to_the_other() -> None:
    of = Result()
    bridge = bridge_of(figures_of(of.totals, of.coverage, of.differences), of.differences)
    assert [(b.line, b.count, b.amount) for b in bridge if b.currency == "BRL"] == [
        ("total_a", 2, 1_500),
        ("total_b", 1, 1_003),
        ("net", 3, 497),
        ("matched_tolerance", 1, -3),
        ("missing_in_b", 1, 500),
        ("residual", 0, 0),
    ]


def test_gross_counts_breaks_without_sign_and_leaves_matches_out() -> None:
    of = Result()
    offsetting = (*of.differences, Difference("missing_in_a", "BRL", 1, -500, 500))
    (brl, _) = figures_of(of.totals, of.coverage, offsetting)
    assert (brl.gross, brl.matched_a, brl.matched_b) == (1_000, 1_000, 1_003)


def test_what_is_pending_is_conserved_and_no_matched_amount() -> None:
    waiting = tuple(
        replace(total, row_class="pending_in_transit") if total.side == "B" else total
        for total in Result().coverage
    )
    of = replace(Result(), coverage=waiting)
    assert of.failed() == []
    (brl, _) = figures_of(of.totals, of.coverage, of.differences)
    assert (brl.matched_a, brl.matched_b) == (1_000, 0)


def test_an_identity_that_fails_tells_both_of_its_sides() -> None:
    of = _change_an_amount(Result())
    checks = check_identities(of.validation, of.totals, of.coverage, ())
    (failed,) = [check for check in checks if not check.held]
    assert (failed.expected, failed.found) == ("2 / 1500", "2 / 1499")


def test_the_result_hash_is_that_of_the_documented_text() -> None:
    told = b'{"breaks":{"lines":1},"matches":{"lines":2}}'
    assert result_hash({"lines": 2}, {"lines": 1}) == sha256(told).hexdigest()


NO_LIMITS = Materiality()


@pytest.mark.parametrize(
    ("counts", "material", "rejected", "limits", "verdict"),
    [
        ({"matched_exact": 3}, 0, 0, NO_LIMITS, Verdict.AGREED),
        ({}, 0, 0, NO_LIMITS, Verdict.AGREED),
        ({"pending_in_transit": 1}, 0, 0, NO_LIMITS, Verdict.AGREED_WITH_PENDING),
        ({"pending_in_transit": 1}, 0, 1, NO_LIMITS, Verdict.AGREED_WITH_WARNINGS),
        ({"missing_in_b": 1}, 0, 0, NO_LIMITS, Verdict.AGREED_WITH_WARNINGS),
        ({"missing_in_b": 1}, 1, 0, NO_LIMITS, Verdict.DIVERGENT),
        ({"missing_in_b": 1}, 0, 0, Materiality(run_net=Decimal("4.97")), Verdict.DIVERGENT),
        (
            {"missing_in_b": 1},
            0,
            0,
            Materiality(run_net=Decimal("4.975")),
            Verdict.AGREED_WITH_WARNINGS,
        ),
        ({"missing_in_b": 1}, 0, 0, Materiality(run_gross=Decimal(5)), Verdict.DIVERGENT),
        (
            {"pending_in_transit": 1},
            0,
            0,
            Materiality(run_net=Decimal(1)),
            Verdict.AGREED_WITH_PENDING,
        ),
    ],
)
def test_the_verdict_is_the_first_that_holds(
    counts: dict[str, int], material: int, rejected: int, limits: Materiality, verdict: Verdict
) -> None:
    of = Result()
    currencies = figures_of(of.totals, of.coverage, of.differences)
    assert verdict_of([], currencies, counts, material, rejected, limits) == verdict


@pytest.mark.parametrize(
    ("counts", "limits", "verdict"),
    [
        ({}, Materiality(run_net=Decimal("0.05")), Verdict.AGREED_WITH_WARNINGS),
        ({}, Materiality(run_net=Decimal("0.06")), Verdict.AGREED),
        ({}, Materiality(run_gross=Decimal("0.07")), Verdict.AGREED_WITH_WARNINGS),
        ({}, Materiality(run_gross=Decimal("0.08")), Verdict.AGREED),
        ({}, NO_LIMITS, Verdict.AGREED),
        (
            {"pending_in_transit": 1},
            Materiality(run_net=Decimal("0.05")),
            Verdict.AGREED_WITH_WARNINGS,
        ),
        (
            {"missing_in_b": 1},
            Materiality(run_net=Decimal("5.00"), run_gross=Decimal("0.07")),
            Verdict.DIVERGENT,
        ),
    ],
)
def test_what_the_tolerances_let_pass_is_a_warning_where_it_is_material(
    counts: dict[str, int], limits: Materiality, verdict: Verdict
) -> None:
    of = Result()
    currencies = figures_of(of.totals, of.coverage, of.differences)
    tolerated = [Tolerated("BRL", -5, 7)]
    assert verdict_of([], currencies, counts, 0, 0, limits, tolerated) == verdict


def test_a_result_that_does_not_prove_itself_has_no_conclusion() -> None:
    of = Result()
    currencies = figures_of(of.totals, of.coverage, of.differences)
    bridge = bridge_of(currencies, of.differences)
    checks = check_identities(_lose_a_record(of).validation, of.totals, of.coverage, bridge)
    assert verdict_of(checks, currencies, {}, 0, 0, NO_LIMITS) == Verdict.INCOMPLETE


def test_the_result_hash_depends_on_every_number() -> None:
    numbers = {"lines": 2, "lane_1": 7}
    other = {"lines": 2, "lane_1": 8}
    hashes = {
        result_hash(numbers, other),
        result_hash(other, numbers),
        result_hash(numbers, numbers),
        result_hash(other, other),
    }
    assert len(hashes) == 4
