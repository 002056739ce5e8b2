"""A handful of rows each, with the class that a person would give them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from shared.taxonomy import Verdict
from tests.jobs.reconciliation_case import DAY_ZERO, DEFAULT_PASSES, Entry, profile_of, run

pytestmark = pytest.mark.usefixtures("backend")

A, B = "A", "B"
SMALL_FILES = {
    "matched_exact": (Entry(A, 100, "E1"), Entry(B, 100, "E1")),
    "matched_tolerance": (Entry(A, 100, reference="NF1"), Entry(B, 105, reference="NF1")),
    "matched_timing": (Entry(A, 100, reference="NF1"), Entry(B, 100, reference="NF1", day=2)),
    "missing_in_b": (Entry(A, 100, "E1"),),
    "missing_in_a": (Entry(B, 100, "E1"),),
    "amount_mismatch": (Entry(A, 100, "E1"), Entry(B, 106, "E1")),
    "date_mismatch": (Entry(A, 100, "E1"), Entry(B, 100, "E1", day=1)),
    "currency_mismatch": (Entry(A, 100, "E1"), Entry(B, 100, "E1", currency="USD")),
    "sign_mismatch": (Entry(A, 100, "E1"), Entry(B, -100, "E1")),
}


@pytest.mark.parametrize(("row_class", "entries"), SMALL_FILES.items(), ids=SMALL_FILES)
def test_the_rows_of_a_small_file_get_the_class_a_person_would_give_them(
    row_class: str, entries: tuple[Entry, ...], tmp_path: Path
) -> None:
    assert run(tmp_path, entries).classes == {row_class: 1}


def test_a_row_left_over_where_equal_rows_matched_is_a_duplicate_of_its_side(
    tmp_path: Path,
) -> None:
    one_more_in_a = (Entry(A, 100, "E1"), Entry(A, 100, "E1"), Entry(B, 100, "E1"))
    one_more_in_b = (Entry(A, 100, "E2"), Entry(B, 100, "E2", description="x"), Entry(B, 100, "E2"))
    done = run(tmp_path, one_more_in_a + one_more_in_b)
    assert done.classes == {"matched_exact": 2, "duplicate_a": 1, "duplicate_b": 1}


BY_REFERENCE = '[[passes]]\nname = "ref"\non = ["reference_norm"]\n'


@pytest.mark.parametrize(
    "passes", [BY_REFERENCE, BY_REFERENCE.replace("on = [", 'on = ["account", ')]
)
def test_references_match_by_what_they_are_compared_as(passes: str, tmp_path: Path) -> None:
    """Which an entry says where it is another text: "" where nothing of the reference is compared."""
    entries = (
        Entry("A", 100, "X1", "NF 1"),
        Entry("B", 100, "Y1", "nf  1", reference_norm="NF 1"),
        Entry("A", 200, "X2", "nf 2", reference_norm="NF 2"),
        Entry("B", 200, "Y2", "Nf 2", reference_norm="NF 2"),
        Entry("A", 300, "X3", "  ", reference_norm=""),
        Entry("B", 300, "Y3", "  ", reference_norm=""),
        Entry("A", 400, "X4"),
        Entry("B", 400, "Y4"),
    )
    done = run(tmp_path, entries, profile_of(passes))
    assert [(m["line_a"], m["line_b"]) for m in done.matches] == [(2, 3), (4, 5)]


@pytest.mark.parametrize("larger", "AB")
def test_of_different_rows_of_one_key_none_is_called_one_too_many(
    larger: str, tmp_path: Path
) -> None:
    other = "B" if larger == "A" else "A"
    entries = (
        Entry(larger, 100, "X1", "NF1"),
        Entry(larger, 100, "X2", "NF1"),
        Entry(other, 100, "Y1", "NF1"),
    )
    done = run(tmp_path, entries, profile_of(BY_REFERENCE))
    assert done.classes == {"ambiguous": 3}
    of_other = next(json.loads(b["explain"]) for b in done.breaks if b["side"] == other)
    assert (of_other["candidates"], of_other["lines"]) == (2, [2, 3])


def test_different_rows_of_one_key_match_where_the_other_side_has_as_many(tmp_path: Path) -> None:
    entries = [
        Entry(side, 100, f"{side}{n}", "NF1", description=f"{n}") for side in "AB" for n in (1, 2)
    ]
    assert run(tmp_path, entries, profile_of(BY_REFERENCE)).classes == {"matched_exact": 2}


def test_equal_rows_of_the_larger_side_are_one_too_many_whoever_is_on_the_other(
    tmp_path: Path,
) -> None:
    entries = (
        Entry(A, 100, "X1", "NF1"),
        Entry(A, 100, "X2", "NF1"),
        Entry(B, 100, "Y", "NF1"),
        Entry(B, 100, "Y", "NF1"),
        Entry(B, 100, "Y", "NF1"),
    )
    done = run(tmp_path, entries, profile_of(BY_REFERENCE))
    assert done.classes == {"matched_exact": 2, "duplicate_b": 1}
    assert json.loads(done.breaks[0]["explain"]) == {"candidate": None, "twin": 4, "equal": True}


def test_one_external_id_twice_is_a_duplicate_though_the_texts_differ(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, "E1", description="venda"),
        Entry(A, 100, "E1", description="Venda"),
        Entry(B, 100, "E1"),
    )
    done = run(tmp_path, entries)
    assert done.classes == {"matched_exact": 1, "duplicate_a": 1}
    twin = {2: 3, 3: 2}[done.breaks[0]["line_a"]]
    assert json.loads(done.breaks[0]["explain"]) == {
        "candidate": None,
        "twin": twin,
        "equal": False,
    }


def test_what_an_exact_pass_would_not_choose_a_later_pass_may(tmp_path: Path) -> None:
    by_id = '[[passes]]\nname = "id"\non = ["entry_id"]\n'
    entries = (
        Entry(A, 100, "E1", "NF1"),
        Entry(A, 100, "E2", "NF1"),
        Entry(B, 100, "E2", "NF1"),
    )
    done = run(tmp_path, entries, profile_of(BY_REFERENCE + by_id))
    assert done.classes == {"matched_exact": 1, "missing_in_b": 1}
    assert [(m["pass_name"], m["line_a"], m["line_b"]) for m in done.matches] == [("id", 3, 4)]


def test_a_repeat_of_an_open_row_is_a_duplicate_and_the_first_one_is_missing(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, [Entry(A, 100, "E1"), Entry(A, 100, "E1")])
    assert done.classes == {"missing_in_b": 1, "duplicate_a": 1}
    first, repeat = sorted(b["row_id"] for b in done.breaks)
    assert repeat == f"{first}-2"


def test_equal_rows_pair_one_to_one_however_many_they_are(tmp_path: Path) -> None:
    entries = [Entry(side, 100, "SALARIO") for side in "AB" for _ in range(500)]
    done = run(tmp_path, entries)
    assert done.classes == {"matched_exact": 500}
    assert len({m["line_a"] for m in done.matches} | {m["line_b"] for m in done.matches}) == 1000


def test_two_candidates_under_the_unique_guard_leave_all_three_rows_ambiguous(
    tmp_path: Path,
) -> None:
    entries = (
        Entry(A, 100, "A1", reference="NF1"),
        Entry(B, 101, "B1", reference="NF1"),
        Entry(B, 102, "B2", reference="NF1"),
    )
    done = run(tmp_path, entries)
    assert done.classes == {"ambiguous": 3}
    of_a = next(b for b in done.breaks if b["side"] == "A")
    nearest = next(b for b in done.breaks if b["amount_b"] == 101)
    assert json.loads(of_a["explain"]) == {
        "candidate": nearest["row_id"],
        "candidates": 2,
        "lines": [3, 4],
        "pass": "referencia",
        "failed": [],
        "delta": -1,
        "days": 0,
    }


SUGGEST = """
[[passes]]
name = "valor-data"
on = ["amount", "currency"]
days = [-1, 3]
unique = true
mode = "suggest"
"""


def test_a_suggest_pass_proposes_a_pair_and_matches_nothing(tmp_path: Path) -> None:
    entries = (Entry(A, 100, "E1"), Entry(B, 100, "X1", day=3), Entry(A, 7, "E2"))
    done = run(tmp_path, entries, profile_of(SUGGEST + DEFAULT_PASSES))
    assert done.classes == {"suggested": 1, "missing_in_b": 1}
    assert not done.matches
    (line,) = [b for b in done.breaks if b["class"] == "suggested"]
    told = {k: line[k] for k in ("side", "line_a", "line_b", "amount_b", "delta", "material")}
    assert told == {
        "side": "A",
        "line_a": 2,
        "line_b": 3,
        "amount_b": 100,
        "delta": 0,
        "material": False,
    }
    assert json.loads(line["explain"])["pass"] == "valor-data"


def test_what_automatic_passes_match_or_explain_is_not_suggested_wherever_the_pass_stands(
    tmp_path: Path,
) -> None:
    matched = (Entry(A, 100, "E1"), Entry(B, 100, "E1"))
    mismatch = (Entry(A, 500, "E2"), Entry(B, 500, "E2", day=1))
    done = run(tmp_path, matched + mismatch, profile_of(SUGGEST + DEFAULT_PASSES))
    assert done.classes == {"matched_exact": 1, "date_mismatch": 1}


def test_a_suggest_pass_with_two_candidates_suggests_none(tmp_path: Path) -> None:
    entries = (Entry(A, 100, "E1"), Entry(B, 100, "X1"), Entry(B, 100, "X2"))
    done = run(tmp_path, entries, profile_of(DEFAULT_PASSES + SUGGEST))
    assert done.classes == {"missing_in_b": 1, "missing_in_a": 2}
    of_a = next(b for b in done.breaks if b["side"] == "A")
    assert json.loads(of_a["explain"])["candidates"] == 2


REVERSALS = '[reversals]\nkinds = ["estorno"]\n'


@pytest.mark.parametrize(
    ("original", "row_class"),
    [
        (Entry(B, 500, "E0", "NF1", kind="pix"), "missing_in_a"),
        (Entry(B, 800, "E0", "NF1", kind="pix"), "missing_in_a"),  # reversed in part
        (Entry(B, 499, "E0", "NF1", kind="pix"), "reversal_orphan"),
        (Entry(B, -500, "E0", "NF1", kind="pix"), "reversal_orphan"),
        (Entry(B, 500, "E0", "NF2", kind="pix"), "reversal_orphan"),
        (Entry(B, 500, "E0", "NF1", day=2, kind="pix"), "reversal_orphan"),
        (Entry(B, 500, "E0", "NF1", currency="USD", kind="pix"), "reversal_orphan"),
    ],
)
def test_a_reversal_that_nobody_entered_is_an_orphan_unless_its_original_is_in_the_file(
    original: Entry, row_class: str, tmp_path: Path
) -> None:
    reversal = Entry(B, -500, "R1", "NF1", day=1, kind="estorno")
    done = run(tmp_path, (original, reversal), profile_of(rest=REVERSALS))
    assert next(b["class"] for b in done.breaks if b["line_b"] == 3) == row_class


NET = '[[passes]]\nname = "liquido"\non = ["entry_id"]\ncompare = "net"\n'


def test_a_gross_sale_matches_the_deposit_of_its_net(tmp_path: Path) -> None:
    sale = Entry(A, 10_000, "E1", gross=10_000, fee=200, net=9_800)
    done = run(tmp_path, (sale, Entry(B, 9_800, "E1")), profile_of(NET))
    assert done.classes == {"matched_net_of_fee": 1}
    assert [(int(m["delta"]), m["delta_days"]) for m in done.matches] == [(200, 0)]


def test_a_deposit_of_less_than_the_net_differs_by_what_is_missing_of_it(tmp_path: Path) -> None:
    sale = Entry(A, 10_000, "E1", gross=10_000, fee=200, net=9_800)
    done = run(tmp_path, (sale, Entry(B, 9_700, "E1")), profile_of(NET))
    assert done.classes == {"amount_mismatch": 1}
    (line,) = done.breaks
    assert json.loads(line["explain"])["delta"] == 100
    assert line["delta"] == 300


VISA = "[fees]\nrates = { visa = 199 }\n"


@pytest.mark.parametrize(
    ("fee", "row_class"), [(199, "fee_mismatch"), (200, None), (201, None), (202, "fee_mismatch")]
)
def test_a_fee_is_the_rate_of_the_gross_amount_rounded_either_way(
    fee: int, row_class: str | None, tmp_path: Path
) -> None:
    gross = 10_075  # 1.99 % is 200.4925
    sale = Entry(A, gross, "E1", kind="visa", gross=gross, fee=fee, net=gross - fee)
    one_more = VISA + 'tolerance = "0.01"\n' if fee == 201 else VISA
    done = run(tmp_path, (sale, Entry(B, gross - fee, "E1")), profile_of(NET, one_more))
    assert done.classes == {row_class or "matched_net_of_fee": 1}


def test_a_pair_with_a_wrong_fee_is_a_break_by_what_it_is_off(tmp_path: Path) -> None:
    entries = (
        Entry(A, 10_000, "E1"),
        Entry(B, 10_000, "E1", kind="visa", gross=10_000, fee=350),
        Entry(A, 10_000, "E2"),
        Entry(B, 10_000, "E2", kind="visa", gross=10_000, fee=250),
        Entry(A, 10_000, "E3"),
        Entry(B, 10_000, "E3", kind="outra", gross=10_000, fee=350),
    )
    done = run(tmp_path, entries, profile_of(rest=VISA + '[materiality]\nbreak = "1.00"\n'))
    assert done.classes == {"fee_mismatch": 2, "matched_exact": 1}
    assert {b["line_a"]: b["material"] for b in done.breaks} == {2: True, 4: False}
    why = json.loads(next(b["explain"] for b in done.breaks if b["line_a"] == 2))
    assert (why["failed"], why["fee"], why["basis_points"]) == (["fee"], 350, 199)


def test_a_pair_by_net_with_a_wrong_fee_is_not_material_by_the_fee_itself(tmp_path: Path) -> None:
    sale = Entry(A, 10_000, "E1", kind="visa", gross=10_000, fee=250, net=9_750)  # 0.51 too much
    limit = VISA + '[materiality]\nbreak = "1.00"\n'
    done = run(tmp_path, (sale, Entry(B, 9_750, "E1")), profile_of(NET, limit))
    assert [(b["class"], b["delta"], b["material"]) for b in done.breaks] == [
        ("fee_mismatch", 250, False)
    ]


def test_a_pair_of_two_days_is_material_by_its_amount(tmp_path: Path) -> None:
    entries = (
        Entry(A, 10_000, "E1"),
        Entry(B, 10_000, "E1", day=40),
        Entry(A, -9_999, "E2"),
        Entry(B, -9_999, "E2", day=40),
    )
    done = run(tmp_path, entries, profile_of(rest='[materiality]\nbreak = "100.00"\n'))
    assert done.classes == {"date_mismatch": 2}
    assert {b["line_a"]: b["material"] for b in done.breaks} == {2: True, 4: False}
    assert done.result.figures.verdict == Verdict.DIVERGENT


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [
        ('run_net = "0.06"', Verdict.AGREED_WITH_WARNINGS),
        ('run_net = "0.07"', Verdict.AGREED),
        ('run_gross = "0.10"', Verdict.AGREED_WITH_WARNINGS),
        ('run_gross = "0.11"', Verdict.AGREED),
    ],
)
def test_a_run_that_let_pass_too_much_agrees_with_a_warning(
    limit: str, verdict: Verdict, tmp_path: Path
) -> None:
    entries = (
        Entry(A, 100, reference="NF1"),
        Entry(B, 105, reference="NF1"),
        Entry(A, 100, reference="NF2"),
        Entry(B, 98, reference="NF2"),
        Entry(A, 10_000, "V1", group_key="L1", gross=10_000, fee=200, net=9_800),
        Entry(B, 9_803, "D1", group_key="L1"),
    )
    net = lots('compare = "net"\namount = { abs = "0.05" }')
    done = run(tmp_path, entries, profile_of(DEFAULT_PASSES + net, f"[materiality]\n{limit}\n"))
    assert done.classes == {"matched_tolerance": 2, "matched_group": 1}
    assert done.result.figures.verdict == verdict


def lots(more: str = "") -> str:
    return f'[[passes]]\nname = "lote"\nkind = "group"\ngroup_by = "group_key"\n{more}\n'


def test_rows_of_a_group_match_by_their_sum_and_each_has_a_line(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, group_key="L1"),
        Entry(A, 250, group_key="L1"),
        Entry(B, 350, group_key="L1", day=1),
    )
    done = run(tmp_path, entries, profile_of(lots()))
    assert done.classes == {"matched_group": 1}
    assert [(m["line_a"], m["line_b"], int(m["delta"])) for m in done.matches] == [
        (2, None, 100),
        (3, None, 250),
        (None, 4, -350),
    ]
    assert len({m["match_id"] for m in done.matches}) == 1
    assert {(m["group_amount_a"], m["group_amount_b"]) for m in done.matches} == {(350, 350)}
    assert done.result.figures.passes[0].matches == 1


def test_a_group_pass_sums_the_net_of_the_rows_that_have_one(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, group_key="L1", gross=100, fee=2, net=98),
        Entry(A, 200, group_key="L1", gross=200, fee=4, net=196),
        Entry(B, 200, group_key="L1"),
        Entry(B, 94, group_key="L1"),
    )
    done = run(tmp_path, entries, profile_of(lots('compare = "net"')))
    assert done.classes == {"matched_group": 1}
    assert done.result.figures.bridge[3].amount == 6


def test_a_sale_of_a_lot_that_was_charged_wrongly_is_a_finding_and_its_lot_still_agrees(
    tmp_path: Path,
) -> None:
    entries = (
        Entry(A, 10_000, "V1", group_key="L1", kind="visa", gross=10_000, fee=199, net=9_801),
        Entry(A, 20_000, "V2", group_key="L1", kind="visa", gross=20_000, fee=500, net=19_500),
        Entry(B, 29_301, group_key="L1"),
    )
    limit = VISA + '[materiality]\nbreak = "1.02"\n'
    done = run(tmp_path, entries, profile_of(lots('compare = "net"'), limit))
    assert done.classes == {"matched_group": 1, "fee_mismatch": 1}
    (finding,) = done.breaks
    told = {k: finding[k] for k in ("side", "line_a", "line_b", "delta", "currency", "material")}
    assert told == {
        "side": "A",
        "line_a": None,
        "line_b": None,
        "delta": 102,
        "currency": "BRL",
        "material": True,
    }
    assert json.loads(finding["explain"]) == {
        "candidate": None,
        "pass": "lote",
        "failed": ["fee"],
        "line": 3,
        "gross": 20_000,
        "fee": 500,
        "basis_points": 199,
    }
    assert (done.result.figures.breaks, done.result.figures.currencies[0].gross) == (1, 0)


@pytest.mark.parametrize(
    ("gross", "fee", "delta"), [(150, 10, 8), (150, -1, -3), (-150, -10, -8), (149, 10, 9)]
)
def test_what_is_due_is_rounded_half_away_from_zero(
    gross: int, fee: int, delta: int, tmp_path: Path
) -> None:
    """One per cent of 1.50 is 1.5 cents."""
    one_percent = "[fees]\nrates = { visa = 100 }\n"
    sale = Entry(A, 70, group_key="L1", kind="visa", gross=gross, fee=fee)
    done = run(tmp_path, (sale, Entry(B, 70, group_key="L1")), profile_of(lots(), one_percent))
    assert [b["delta"] for b in done.breaks] == [delta]


def test_a_group_is_of_one_currency_and_of_rows_with_a_key(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, group_key="L1"),
        Entry(B, 100, group_key="L1", currency="USD"),
        Entry(A, 70),
        Entry(B, 70),
    )
    done = run(tmp_path, entries, profile_of(lots()))
    assert done.classes == {"missing_in_b": 2, "missing_in_a": 2}


def test_a_tolerance_holds_for_the_sums_of_a_group(tmp_path: Path) -> None:
    entries = (
        Entry(A, 5_000, group_key="L1"),
        Entry(A, 5_000, group_key="L1"),
        Entry(B, 10_001, group_key="L1"),
    )
    one_point = profile_of(lots("amount = { bps = 1 }"))
    assert run(tmp_path, entries, one_point).classes == {"matched_group": 1}


def test_the_rows_of_a_group_whose_sums_differ_are_one_break(tmp_path: Path) -> None:
    entries = (
        Entry(A, 1_000, group_key="L1"),
        Entry(A, 1_000, group_key="L1"),
        Entry(B, 1_990, group_key="L1"),
    )
    limit = '[materiality]\nbreak = "0.11"\n'
    done = run(tmp_path, entries, profile_of(lots(), limit))
    assert done.classes == {"group_sum_mismatch": 1}
    assert {(b["line_a"], b["line_b"]) for b in done.breaks} == {(2, None), (3, None), (None, 4)}
    assert len({b["break_id"] for b in done.breaks}) == 1
    assert {b["material"] for b in done.breaks} == {False}
    assert {b["explain"] for b in done.breaks} == {
        '{"candidate":null,"pass":"lote","failed":["group_sum"],"rows_a":2,"rows_b":1,'
        '"group_amount_a":2000,"group_amount_b":1990}'
    }
    (of_brl,) = done.result.figures.currencies
    assert of_brl.gross == 10


def test_a_pair_that_explains_itself_is_not_part_of_its_groups_mismatch(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, "E1", group_key="L1"),
        Entry(B, 106, "E1", group_key="L1"),
        Entry(A, 50, group_key="L1"),
        Entry(B, 70, group_key="L1"),
    )
    done = run(tmp_path, entries, profile_of(DEFAULT_PASSES + lots()))
    assert done.classes == {"amount_mismatch": 1, "group_sum_mismatch": 1}


def test_without_the_guard_the_closest_pair_matches_and_a_tie_does_not(tmp_path: Path) -> None:
    open_window = profile_of(DEFAULT_PASSES.replace("unique = true", ""))
    closest = (
        Entry(A, 100, reference="NF1"),
        Entry(B, 101, reference="NF1"),
        Entry(B, 102, reference="NF1"),
    )
    tied = (
        Entry(A, 100, reference="NF2"),
        Entry(B, 101, reference="NF2"),
        Entry(B, 99, reference="NF2"),
    )
    done = run(tmp_path, closest + tied, open_window)
    assert done.classes == {"matched_tolerance": 1, "missing_in_a": 1, "ambiguous": 3}


WIDE = '[[passes]]\nname = "perto"\non = ["reference_norm"]\namount = { abs = "1.00" }\n'


def test_equal_rows_tie_with_nobody_and_pair_one_to_one_in_a_tolerance_pass(tmp_path: Path) -> None:
    entries = [Entry(A, 100, "V", "NF1")] * 3 + [Entry(B, 101, "D", "NF1")] * 2
    done = run(tmp_path, entries, profile_of(WIDE))
    assert done.classes == {"matched_tolerance": 2, "duplicate_a": 1}
    assert [(m["line_a"], m["line_b"]) for m in done.matches] == [(2, 5), (3, 6)]
    assert json.loads(done.breaks[0]["explain"])["twin"] == 2


def test_equal_rows_are_still_two_candidates_under_the_unique_guard(tmp_path: Path) -> None:
    entries = [Entry(A, 100, "V", "NF1")] + [Entry(B, 101, "D", "NF1")] * 2
    done = run(tmp_path, entries, profile_of(WIDE + "unique = true\n"))
    assert done.classes == {"ambiguous": 3}


def test_rows_that_differ_in_anything_still_tie(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, "V", "NF1"),
        Entry(B, 101, "D", "NF1", description="x"),
        Entry(B, 101, "D", "NF1", description="y"),
    )
    assert run(tmp_path, entries, profile_of(WIDE)).classes == {"ambiguous": 3}


def test_a_row_whose_closest_candidate_went_to_a_closer_row_gets_its_next_one(
    tmp_path: Path,
) -> None:
    entries = (
        Entry(A, 100, "A1", "NF1"),
        Entry(A, 110, "A2", "NF1"),
        Entry(A, 130, "A3", "NF1"),
        Entry(B, 101, "B1", "NF1"),
        Entry(B, 85, "B2", "NF1"),
        Entry(B, 75, "B3", "NF1"),
    )
    done = run(tmp_path, entries, profile_of(WIDE))
    assert [(m["line_a"], m["line_b"]) for m in done.matches] == [(2, 5), (3, 6), (4, 7)]


def test_the_guard_looks_at_the_candidates_that_the_pass_began_with(tmp_path: Path) -> None:
    entries = (
        Entry(A, 100, "A1", "NF1"),
        Entry(A, 300, "A2", "NF1"),
        Entry(B, 101, "B1", "NF1"),
        Entry(B, 200, "B2", "NF1"),
    )
    one_alone = profile_of(WIDE + "unique = true\n")
    assert run(tmp_path, entries, one_alone).classes == {"ambiguous": 4}


def test_a_pass_ends_after_twenty_rounds(tmp_path: Path) -> None:
    """Each round takes the closest pair of a chain, after which the next is the closest of what is left."""
    gaps = range(1, 47)
    entries, amount = [], 0
    for n, gap in enumerate(gaps):
        entries.append(Entry("AB"[n % 2], amount, f"E{n}", "NF1"))
        amount += gap
    everywhere = WIDE.replace("1.00", "20.00")
    done = run(tmp_path, entries, profile_of(everywhere))
    assert done.classes == {"matched_tolerance": 20, "ambiguous": 6}


def test_a_null_key_never_matches_and_several_columns_are_null_safe(tmp_path: Path) -> None:
    two_columns = profile_of('[[passes]]\nname = "dupla"\non = ["entry_id", "reference_norm"]\n')
    done = run(
        tmp_path,
        (
            Entry(A, 100, None, "NF1"),
            Entry(B, 100, None, "NF1"),
            Entry(A, 200, None, None),
            Entry(B, 200, None, None),
            Entry(A, 300, "3:", "x"),
            Entry(B, 300, "3", ":x"),
        ),
        two_columns,
    )
    assert done.classes == {"matched_exact": 1, "missing_in_a": 2, "missing_in_b": 2}


def test_the_day_window_has_a_direction(tmp_path: Path) -> None:
    early = (Entry(A, 100, reference="NF1", day=1), Entry(B, 100, reference="NF1"))
    assert run(tmp_path, early).classes == {"date_mismatch": 1}


def test_a_tolerance_in_basis_points_is_inclusive_and_exact(tmp_path: Path) -> None:
    two_percent = profile_of(
        '[[passes]]\nname = "pct"\non = ["entry_id"]\namount = { bps = 200 }\n'
    )
    entries = (
        Entry(A, 150_050, "E1"),
        Entry(B, 153_051, "E1"),
        Entry(A, 150_049, "E2"),
        Entry(B, 153_050, "E2"),
    )
    done = run(tmp_path, entries, two_percent)
    assert done.classes == {"matched_tolerance": 1, "amount_mismatch": 1}
    assert done.matches[0]["line_a"] == 2


def test_a_tolerance_is_in_units_of_each_rows_currency(tmp_path: Path) -> None:
    one_unit = profile_of('[[passes]]\nname = "um"\non = ["entry_id"]\namount = { abs = "1" }\n')
    entries = [
        Entry(side, amount, currency, currency=currency)
        for currency, off in (("JPY", 2), ("BRL", 100), ("BHD", 1000))
        for side, amount in (("A", 5000), ("B", 5000 + off))
    ]
    done = run(tmp_path, entries, one_unit)
    assert done.classes == {"matched_tolerance": 2, "amount_mismatch": 1}
    assert next(b["currency"] for b in done.breaks) == "JPY"


def test_a_mismatch_is_one_line_under_side_a_with_its_counterpart(tmp_path: Path) -> None:
    (line,) = run(tmp_path, [Entry(B, 1_060, "E1"), Entry(A, 1_000, "E1")]).breaks
    told = {k: line[k] for k in ("side", "line_a", "line_b", "amount_a", "amount_b", "delta")}
    assert told == {
        "side": "A",
        "line_a": 3,
        "line_b": 2,
        "amount_a": 1_000,
        "amount_b": 1_060,
        "delta": -60,
    }
    assert json.loads(line["explain"])["failed"] == ["amount"]


def test_two_near_misses_of_a_row_are_no_mismatch(tmp_path: Path) -> None:
    entries = (Entry(A, 100, "E1"), Entry(B, 900, "E1"), Entry(B, 950, "E1"))
    assert run(tmp_path, entries).classes == {"missing_in_b": 1, "missing_in_a": 2}


def test_a_pair_that_fails_two_criteria_is_no_mismatch_but_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, [Entry(A, 100, "E1"), Entry(B, 900, "E1", day=40)])
    assert done.classes == {"missing_in_b": 1, "missing_in_a": 1}
    assert {tuple(json.loads(b["explain"])["failed"]) for b in done.breaks} == {("amount", "date")}


def test_a_row_of_another_key_with_the_same_amount_is_told_as_nearest(tmp_path: Path) -> None:
    entries = (Entry(A, 100, "E1"), Entry(B, 100, "X1", day=5), Entry(B, 100, "X2", day=3))
    done = run(tmp_path, entries)
    of_a = next(b for b in done.breaks if b["side"] == "A")
    nearest = next(b for b in done.breaks if b["line_b"] == 4)
    assert json.loads(of_a["explain"]) == {
        "candidate": nearest["row_id"],
        "failed": ["key"],
        "delta": 0,
        "days": 3,
    }


def test_a_key_with_too_many_open_rows_is_not_compared_and_says_so(tmp_path: Path) -> None:
    few = profile_of(rest="[limits]\nmax_candidates_per_row = 2\n")
    entries = [Entry(A, 10_000 + n, "E1") for n in range(3)] + [Entry(B, 1, "E1")]
    done = run(tmp_path, entries, few)
    assert done.classes == {"missing_in_b": 3, "missing_in_a": 1}
    assert {b["explain"] for b in done.breaks} == {
        '{"candidate":null,"failed":["max_candidates_per_row"]}'
    }


def test_a_row_within_its_grace_is_pending_until_its_day_comes(tmp_path: Path) -> None:
    b_may_be_two_days_late = profile_of(rest="[grace]\nB = 2\n")
    entries = (Entry(A, 100, "E1"), Entry(B, 100, "E2"))

    def classes(days: int) -> dict[str, int]:
        as_of = DAY_ZERO + timedelta(days=days)
        return run(tmp_path, entries, b_may_be_two_days_late, as_of).classes

    assert classes(1) == {"pending_in_transit": 1, "missing_in_a": 1}
    assert classes(2) == {"missing_in_b": 1, "missing_in_a": 1}


def test_a_window_in_banking_days_passes_over_weekends_and_holidays(tmp_path: Path) -> None:
    banking = profile_of(
        '[[passes]]\nname = "util"\non = ["entry_id"]\ndays = [1, 1]\ncalendar = "br-bank"\n'
    )
    entries = (
        Entry(A, 100, "over-carnival", day=-3),  # Friday the 13th to Ash Wednesday
        Entry(B, 100, "over-carnival", day=2),
        Entry(A, 100, "from-a-sunday", day=6),
        Entry(B, 100, "from-a-sunday", day=7),
        Entry(A, 100, "two-days", day=2),
        Entry(B, 100, "two-days", day=4),
    )
    done = run(tmp_path, entries, banking)
    assert done.classes == {"matched_timing": 2, "date_mismatch": 1}
    assert [m["delta_days"] for m in done.matches] == [5, 1]


def test_a_grace_in_banking_days_says_on_which_day_the_row_is_late(tmp_path: Path) -> None:
    patient = profile_of(rest='[grace]\nA = 1\nB = 2\ncalendar = "br-bank"\n')
    entries = (Entry(A, 100, "E1", day=-3), Entry(B, 100, "E2", day=-3))
    done = run(tmp_path, entries, patient, DAY_ZERO + timedelta(days=2))
    told = {b["class"]: b["break_on"] for b in done.breaks}
    assert told == {"pending_in_transit": DAY_ZERO + timedelta(days=3), "missing_in_a": None}


def test_a_break_is_aged_from_its_posting_to_the_day_of_the_run(tmp_path: Path) -> None:
    entries = [Entry(A, 100, f"E{day}", day=day) for day in (0, 5, 35)]
    done = run(tmp_path, entries, as_of=DAY_ZERO + timedelta(days=36))
    assert sorted((b["age_days"], b["bucket"]) for b in done.breaks) == [
        (1, "0-1"),
        (31, "31-90"),
        (36, "31-90"),
    ]
