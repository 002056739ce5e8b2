"""Columns that only some profiles map: what they count for in a match."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.jobs.reconciliation_case import Entry, profile_of, run

SURPLUS = Entry("A", 100, "E1", counterparty="Fulana", value_on=date(2026, 2, 18))
BY_NAME = profile_of('[[passes]]\nname = "nome"\non = ["counterparty", "currency"]\n')


@pytest.mark.parametrize("other", [{"counterparty": "Beltrana"}, {"value_on": None}])
def test_rows_that_differ_in_their_counterparty_or_value_date_have_ids_of_their_own(
    other: dict[str, None], tmp_path: Path
):
    found = run(tmp_path, [SURPLUS, replace(SURPLUS, **other)])
    assert [row["class"] for row in found.breaks] == ["missing_in_b", "missing_in_b"]
    assert all(
        "-" not in row["row_id"] for row in found.breaks
    )  # neither is the other's repetition
    repeated = run(tmp_path / "equal", [SURPLUS, SURPLUS])
    assert sorted(row["row_id"][-2:] for row in repeated.breaks)[0] == "-2"


def test_a_pass_may_match_by_the_counterparty(tmp_path: Path):
    rows = [SURPLUS, replace(SURPLUS, side="B"), replace(SURPLUS, side="B", counterparty="X")]
    found = run(tmp_path, rows, BY_NAME)
    assert [(m["line_a"], m["line_b"], m["class"]) for m in found.matches] == [
        (2, 3, "matched_exact")
    ]
    assert found.classes == {"matched_exact": 1, "missing_in_a": 1}
