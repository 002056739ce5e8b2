"""The charts of the report: what their axes say."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.quicksight_prep.charts import WIDE, Curve, curves

AMOUNTS = st.lists(st.integers(-(10**15), 10**15), min_size=2, max_size=5)


def axis(*values: int) -> list[tuple[str, float]]:
    """The labels of the axis of amounts from the lowest up, each with its height above the lowest."""
    root = curves(["dia"] * len(values), [Curve("A", values, "a")], "BRL")(WIDE)
    found = [
        ((text.text or "").replace("\N{NO-BREAK SPACE}", " "), float(text.get("y", 0)))
        for text in root.iter("{http://www.w3.org/2000/svg}text")
        if (text.get("class"), text.get("x")) == ("axis", "-6.0") and text.get("lang") != "en"
    ]
    return [(label, round(found[0][1] - height, 1)) for label, height in found]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0, 100_007), ["0", "200", "400", "600", "800", "1.000", "1.200"]),
        ((-1_000, 99_500), ["-200", "0", "200", "400", "600", "800", "1.000"]),
        ((-222_200, -1_290), ["-2.500", "-2.000", "-1.500", "-1.000", "-500", "0"]),
        ((1, 123_456_789_012), ["0", "500 mi", "1 bi", "1,5 bi"]),
        ((0, 12_500_000), ["0", "50 mil", "100 mil", "150 mil"]),
        ((0, 3), ["0", "0,01", "0,02", "0,03"]),
        ((0, 0), ["0", "0,01"]),
    ],
)
def test_the_axis_of_amounts_has_round_labels_that_hold_all_between_them(
    values: tuple[int, ...], labels: list[str]
) -> None:
    assert [label for label, _ in axis(*values)] == labels


@given(AMOUNTS.filter(lambda values: max(0, *values) - min(0, *values) > 2))
def test_it_has_four_to_eight_different_ones_at_equal_distances(values: list[int]) -> None:
    told = axis(*values)
    assert 4 <= len({label for label, _ in told}) == len(told) <= 8
    apart = [above - below for (_, below), (_, above) in pairwise(told)]
    assert max(apart) - min(apart) < 0.3
    assert min(apart) > 14  # taller than its letters
