"""A statement whose balances contradict its entries is no ground for a conclusion, where the profile says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.profile import Profile, ProfileError, parse_profile
from jobs.reconciliation.balances import BalanceBreakError
from shared import ptbr
from shared.taxonomy import Verdict
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


def test_by_default_it_is_a_finding_of_the_row_with_the_balance_wherever_that_row_went(
    tmp_path: Path,
) -> None:
    without_e2 = [*(entry for entry in CONTINUOUS if entry.entry_id != "E2"), Entry("A", 50, "E3")]
    done = run(tmp_path, without_e2)
    assert done.classes == {"matched_exact": 2, "missing_in_a": 2, "balance_break": 1}
    (finding,) = [b for b in done.breaks if b["class"] == "balance_break"]
    told = ("side", "line_a", "line_b", "priority", "delta", "currency", "material", "age_days")
    assert {k: finding[k] for k in told} == {
        "side": "B",
        "line_a": None,
        "line_b": None,
        "priority": 1,
        "delta": -200,
        "currency": "BRL",
        "material": True,
        "age_days": 0,
    }
    assert json.loads(finding["explain"]) == {
        "candidate": None,
        "failed": ["balance"],
        "line": 4,
        "balance": 1350,
        "expected": 1550,
    }
    assert done.result.figures.verdict == Verdict.DIVERGENT


def test_a_finding_and_the_break_of_its_row_are_two_breaks_of_one_row(tmp_path: Path) -> None:
    done = run(tmp_path, [Entry("B", 5, "E1", balance=5), Entry("B", 5, "E2", balance=9)])
    finding, missing = (
        next(b for b in done.breaks if (b["class"], b["line_b"]) == of)
        for of in (("balance_break", None), ("missing_in_a", 3))
    )
    assert finding["row_id"] == missing["row_id"]
    assert finding["break_id"] != missing["break_id"]


def test_equal_rows_with_findings_have_ids_of_their_own(tmp_path: Path) -> None:
    entries = [Entry(side, 5, "E1", balance=5) for side in "AB" for _ in range(3)]
    done = run(tmp_path, entries)
    assert done.classes == {"matched_exact": 3, "balance_break": 4}
    ids = [b["row_id"] for b in done.breaks]
    assert sorted(row_id.partition("-")[2] for row_id in ids) == ["2", "2", "3", "3"]
    assert len(set(ids)) == 4


def test_each_account_is_a_statement_of_its_own_and_proven(tmp_path: Path) -> None:
    entries = [
        Entry("B", 100, "E1", balance=100, account="1-X"),
        Entry("B", 30, "E2", balance=930, account="2-Y"),
        Entry("B", 10, "E3", balance=111, account="1-X"),
        Entry("B", -5, "E4", balance=925, account="2-Y"),
        Entry("B", 7, "E5", account="2-Y"),
        Entry("B", 1, "E6", balance=1),
    ]
    done = run(tmp_path, entries)
    assert done.classes["balance_break"] == 1
    proven = [i for i in done.result.figures.identities if i.name.startswith("balance ")]
    assert [(i.name, i.expected, i.found, i.held) for i in proven] == [
        ("balance B 1-X BRL", "111", "111", True),
        ("balance B 2-Y BRL", "925", "925", True),
        ("balance B - BRL", "1", "1", True),
    ]


def test_where_the_profile_maps_no_balance_none_is_proven(tmp_path: Path) -> None:
    text = (
        'schema = 1\nname = "teste"\nlayout = "single_file"\n[columns]\nside = "side"\nposted_on = "d"\n'
        f'amount = "a"\nentry_id = "e"\nreference = "r"\n{DEFAULT_PASSES}'
    )
    done = run(tmp_path, CONTINUOUS, parse_profile(text.encode(), "teste.toml"))
    assert not [i for i in done.result.figures.identities if i.name.startswith("balance ")]


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
