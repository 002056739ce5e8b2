"""What a result must satisfy to be one, and what it concludes: conservation identities, bridge, verdict, result hash.

Pure: it gets counts and sums that were taken from the entries on one hand and from the written result on the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.profile import Materiality, minor_units
from shared.contract import sha256_of
from shared.currency import EXPONENTS
from shared.errors import ReconError
from shared.manifest import BridgeLine, CurrencyFigures, IdentityCheck, ValidationFigures
from shared.taxonomy import ROW_CLASSES, Verdict


class IdentityError(ReconError):
    """A conservation identity does not hold: there is no conclusion. A retry does not help."""

    code = "IDENTITY_FAILED"


@dataclass(frozen=True)
class Total:
    """Lines and minor units of one side in one currency: all of them, or those of one class.

    row_class None: entries that no match or break names. currency "": lines that are named but are no entry.
    """

    side: str
    currency: str
    lines: int
    amount: int
    row_class: str | None = None

    @property
    def outcome(self) -> str:
        return ROW_CLASSES[self.row_class].outcome if self.row_class else "nowhere"


@dataclass(frozen=True)
class Difference:
    """What the matches or breaks of one class differ by in one currency; gross: without regard to sign."""

    row_class: str
    currency: str
    items: int
    net: int
    gross: int

    @property
    def outcome(self) -> str:
        return ROW_CLASSES[self.row_class].outcome


@dataclass(frozen=True)
class Statement:
    """The balances of one account: what the first, the entries and the breaks found lead to, and the last.

    name: side, account and currency.
    """

    name: str
    expected: int
    found: int


@dataclass(frozen=True)
class Tolerated:
    """What the matches of one currency let pass of what they compared: with its sign, and without."""

    currency: str
    net: int
    gross: int


def figures_of(
    totals: Sequence[Total], coverage: Sequence[Total], differences: Sequence[Difference]
) -> tuple[CurrencyFigures, ...]:
    figures = []
    for currency in sorted({total.currency for total in totals}):
        side_a, side_b = (_sum(totals, side, currency) for side in "AB")
        figures.append(
            CurrencyFigures(
                currency=currency,
                rows_a=side_a.lines,
                rows_b=side_b.lines,
                total_a=side_a.amount,
                total_b=side_b.amount,
                net=side_a.amount - side_b.amount,
                gross=sum(
                    d.gross for d in differences if d.currency == currency and d.outcome == "break"
                ),
                matched_a=_sum(coverage, "A", currency, "ok").amount,
                matched_b=_sum(coverage, "B", currency, "ok").amount,
            )
        )
    return tuple(figures)


def bridge_of(
    currencies: Iterable[CurrencyFigures], differences: Sequence[Difference]
) -> tuple[BridgeLine, ...]:
    """From A's total to B's: the totals come from the entries, the lines between from the matches and breaks."""
    lines = []
    for of in currencies:
        explained = [
            d
            for code in ROW_CLASSES
            for d in differences
            if (d.row_class, d.currency) == (code, of.currency)
        ]

        def line(
            name: str, label: str, count: int, amount: int, currency: str = of.currency
        ) -> BridgeLine:
            return BridgeLine(currency=currency, line=name, label=label, count=count, amount=amount)

        lines += [
            line("total_a", "Total do lado A", of.rows_a, of.total_a),
            line("total_b", "Total do lado B", of.rows_b, of.total_b),
            line("net", "Diferença líquida (A − B)", of.rows_a + of.rows_b, of.net),
            *(line(d.row_class, ROW_CLASSES[d.row_class].label, d.items, d.net) for d in explained),
            line("residual", "Resíduo sem explicação", 0, of.net - sum(d.net for d in explained)),
        ]
    return tuple(lines)


def check_identities(
    validation: ValidationFigures,
    totals: Sequence[Total],
    coverage: Sequence[Total],
    bridge: Iterable[BridgeLine],
    statements: Iterable[Statement] = (),
) -> tuple[IdentityCheck, ...]:
    read = validation.both
    accounted = read.header + read.skipped + read.rejected + read.entries
    entries = sum(total.lines for total in totals)
    checks = [_check("records", read.lines, accounted), _check("entries", read.entries, entries)]
    for total in totals:
        parts = [
            _sum(coverage, total.side, total.currency, outcome)
            for outcome in ("ok", "pending", "break")
        ]
        checks.append(
            _check(
                f"conservation {total.side} {total.currency}",
                f"{total.lines} / {total.amount}",
                f"{sum(p.lines for p in parts)} / {sum(p.amount for p in parts)}",
            )
        )
    astray = sum(c.lines for c in coverage if not c.currency or c.outcome == "nowhere")
    placed = sum(c.lines for c in coverage)
    checks.append(_check("every line once", f"{entries} / 0", f"{placed} / {astray}"))
    checks += [
        _check(f"bridge {of.currency}", 0, of.amount) for of in bridge if of.line == "residual"
    ]
    checks += [_check(f"balance {of.name}", of.expected, of.found) for of in statements]
    return tuple(checks)


def verdict_of(
    identities: Iterable[IdentityCheck],
    currencies: Iterable[CurrencyFigures],
    counts: Mapping[str, int],
    material_breaks: int,
    rejected: int,
    materiality: Materiality,
    tolerated: Iterable[Tolerated] = (),
) -> Verdict:
    if not all(check.held for check in identities):
        return Verdict.INCOMPLETE
    outcomes = {ROW_CLASSES[code].outcome for code in counts}
    if "break" in outcomes and (material_breaks or _run_is_material(currencies, materiality)):
        return Verdict.DIVERGENT
    if "break" in outcomes or rejected or _run_is_material(tolerated, materiality):
        return Verdict.AGREED_WITH_WARNINGS
    return Verdict.AGREED_WITH_PENDING if "pending" in outcomes else Verdict.AGREED


def result_hash(matches: Mapping[str, int], breaks: Mapping[str, int]) -> str:
    """Of exact sums over the lines, so that the same result has the same hash on every engine and in every order."""
    return sha256_of({"matches": dict(matches), "breaks": dict(breaks)})


def _run_is_material(
    currencies: Iterable[CurrencyFigures | Tolerated], limits: Materiality
) -> bool:
    def reaches(amount: int, limit: Decimal | None, currency: str) -> bool:
        return limit is not None and amount >= -minor_units(-limit, EXPONENTS[currency])

    return any(
        reaches(abs(of.net), limits.run_net, of.currency)
        or reaches(of.gross, limits.run_gross, of.currency)
        for of in currencies
    )


def _sum(totals: Sequence[Total], side: str, currency: str, outcome: str | None = None) -> Total:
    of = [
        t
        for t in totals
        if (t.side, t.currency) == (side, currency) and outcome in (None, t.outcome)
    ]
    return Total(side, currency, sum(t.lines for t in of), sum(t.amount for t in of))


def _check(name: str, expected: object, found: object) -> IdentityCheck:
    return IdentityCheck(
        name=name, expected=str(expected), found=str(found), held=expected == found
    )
