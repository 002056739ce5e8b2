"""A statement whose balances contradict its entries is no ground for a conclusion, where the profile says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.profile import Profile, ProfileError, parse_profile
from jobs.reconciliation.balances import BalanceBreakError
from shared import ptbr
from tests.jobs.reconciliation_case import DEFAULT_PASSES, Entry, profile_of, run

pytestmark = pytest.mark.usefixtures("backend")

HALT = '[validate]\non_balance_break = "halt"\n'
CONTINUOUS = (
    Entry("B", 500, "E1", balance=1500),
    Entry("A", 500, "E1", balance=70),  # a side of its own
    Entry("B", -200, "E2"),  # a row without a balance
    Entry("B", 50, "E3", balance=1350),
    Entry("B", 7, "E4", currency="USD", balance=7),  # a currency of its own
    Entry("B", -350, "E5", balance=1000),
)
LARGEST = 2**63 - 1


def halting() -> Profile:
    return profile_of(DEFAULT_PASSES, HALT)


def test_a_statement_that_continues_is_reconciled_to_the_same_result(tmp_path: Path) -> None:
    checked = run(tmp_path / "checked", CONTINUOUS, halting())
    unchecked = run(tmp_path / "unchecked", CONTINUOUS)
    assert checked.breaks == unchecked.breaks
    assert checked.classes["matched_exact"] == 1


def test_a_missing_line_stops_the_run_at_the_next_balance_and_only_there(tmp_path: Path) -> None:
    without_e2 = [entry for entry in CONTINUOUS if entry.entry_id != "E2"]
    with pytest.raises(BalanceBreakError) as caught:
        run(tmp_path, without_e2, halting())
    error = caught.value
    assert error.message.endswith(": linha 4 (lado B).")
    assert error.details == {
        "balance_breaks": 1,
        "lines": [{"line_no": 4, "side": "B", "currency": "BRL"}],
    }
    assert error.quote == (
        "linha 4 (lado B): saldo de R$ 13,50, e pelos lançamentos seria R$ 15,50"
    )
    assert not (tmp_path / "breaks.parquet").exists()


def test_without_the_key_balances_are_not_judged(tmp_path: Path) -> None:
    assert run(tmp_path, CONTINUOUS[:1] + CONTINUOUS[3:]).classes


def test_the_first_breaks_are_told_and_the_others_counted(tmp_path: Path) -> None:
    entries = [Entry("B", 1, f"E{n}", balance=10 * n) for n in range(30)]
    with pytest.raises(BalanceBreakError) as caught:
        run(tmp_path, entries, halting())
    assert caught.value.message.endswith(" e mais 26.")
    assert caught.value.details["balance_breaks"] == 29
    assert len(caught.value.details["lines"]) == 20


def test_balances_beyond_any_amount_are_still_compared_exactly(tmp_path: Path) -> None:
    entries = (
        Entry("B", LARGEST, "E1", balance=LARGEST),
        Entry("B", LARGEST, "E2"),
        Entry("B", -LARGEST, "E3", balance=LARGEST),
        Entry("B", 1, "E4", balance=LARGEST),
    )
    with pytest.raises(BalanceBreakError) as caught:
        run(tmp_path, entries, halting())
    assert len(caught.value.details["lines"]) == 1
    assert ptbr.money(LARGEST + 1, "BRL") in (caught.value.quote or "")


def test_the_key_needs_the_column() -> None:
    with pytest.raises(ProfileError, match="balance, que falta em"):
        without_balance(HALT)


def without_balance(rest: str) -> Profile:
    text = (
        f'schema = 1\nname = "teste"\nlayout = "single_file"\n{rest}'
        f'[columns]\nside = "B"\nposted_on = "d"\namount = "a"\nentry_id = "e"\nreference = "r"\n{DEFAULT_PASSES}'
    )
    return parse_profile(text.encode(), "teste.toml")
