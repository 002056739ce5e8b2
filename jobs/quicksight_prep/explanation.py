"""Why a row stayed open, in words: the nearest candidate and the criteria that it failed."""

from __future__ import annotations

import json
from typing import Any

from jobs.quicksight_prep.phrases import Money, Said, all_of, line, listed, say
from shared.lines import in_reference, line_of_file


def reason(
    row_class: str, explain: str, currency: str, currencies: tuple[str, str] | None = None
) -> str:
    """From a break's `explain` to a Portuguese sentence. currencies: A's and B's, where both are known."""
    return say(why(row_class, explain, currency, currencies), "pt")


def why(
    row_class: str, explain: str, currency: str, currencies: tuple[str, str] | None = None
) -> Said:
    """From a break's `explain` (JSON: candidate, pass, failed, delta, days, lines, …)."""
    told = json.loads(explain)
    failed = told.get("failed", [])
    if row_class in ("duplicate_a", "duplicate_b"):
        return Said("why.equal" if told["equal"] else "why.one_id", line(told["twin"]))
    if row_class == "balance_break":
        return _balance(told, currency)
    if "max_candidates_per_row" in failed:
        return Said("why.crowded")
    if failed == ["fee"]:
        charged = (Money(told["fee"], currency), Money(told["gross"], currency))
        if told.get("pass") is None:
            return Said("why.fee_without_pass", *charged, told["basis_points"])
        return Said("why.fee", told["pass"], *charged, told["basis_points"])
    if failed == ["group_sum"]:
        sums = (Money(told[f"group_amount_{side}"], currency) for side in "ab")
        return Said("why.group_sum", told["pass"], *sums)
    if told.get("candidate") is None:
        return Said("why.alone")
    if failed == ["key"]:
        return Said("why.other_key", _apart(told["days"]))
    candidates = told.get("candidates", 1)
    if row_class == "suggested":
        return Said("why.suggested", told["pass"])
    if not failed:
        return _fitting(told["pass"], candidates, told.get("lines", []))
    parts = {
        "currency": Said("failed.currencies", *currencies)
        if currencies
        else Said("failed.currency"),
        "sign": Said("failed.sign"),
        "amount": Said("failed.amount", Money(abs(told["delta"]), currency)),
        "date": Said("failed.date", _apart(told["days"])),
    }
    all_failed = all_of([parts[name] for name in failed])
    if candidates > 1:
        return Said("why.failed_of_many", told["pass"], candidates, all_failed)
    return Said("why.failed", told["pass"], all_failed)


def _balance(told: dict[str, Any], currency: str) -> Said:
    if "balance" in told and "expected" in told:
        return Said(
            "why.balance", Money(told["balance"], currency), Money(told["expected"], currency)
        )
    return Said("why.balance_off", Money(told.get("delta", 0), currency))


def _fitting(step: str, candidates: int, lines: list[int]) -> Said:
    """Candidates that fail nothing: one serves another row as well, several serve equally."""
    if candidates == 1 and lines:
        return Said("why.only_candidate_line", step, line(lines[0]))
    if candidates == 1:
        return Said("why.only_candidate", step)
    if lines:
        return Said("why.candidates_lines", step, candidates, listed_lines(lines, candidates))
    return Said("why.candidates", step, candidates)


def listed_lines(lines: list[int], in_all: int | None = None) -> Any:
    """`21, 22 e mais 5`; all are of one file, the upload unless it is said."""
    told = listed([line_of_file(number) for number in lines], in_all)
    return Said("lines_of_reference", told) if lines and in_reference(lines[0]) else told


def _apart(days: int) -> Said:
    if days == 0:
        return Said("apart.same")
    return Said("apart.after" if days > 0 else "apart.before", abs(days))
