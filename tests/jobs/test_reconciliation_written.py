"""What is read back from the written files: where each entry went, and the numbers that the result hash is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.reconciliation import written
from jobs.reconciliation.proof import Total
from jobs.reconciliation.written import Coverage, digest
from shared.lines import REFERENCE_BASE
from tests.jobs.reconciliation_case import Entry, write_entries

LARGEST = 2**63 - 1
MATCHES = pa.schema(
    [
        ("line_a", pa.int64()),
        ("line_b", pa.int64()),
        ("class", pa.string()),
        ("delta", pa.decimal128(38, 0)),
    ]
)
ENTRIES = (
    Entry("A", 1_000, line_no=2),
    Entry("A", 500, line_no=3),
    Entry("A", LARGEST, line_no=4),
    Entry("A", LARGEST, line_no=5),
    Entry("B", -1_003, line_no=REFERENCE_BASE + 2),
    Entry("B", 70, currency="USD", line_no=REFERENCE_BASE + 3),
)
B = REFERENCE_BASE
Line = tuple[int | None, int | None, str, int]


@dataclass(frozen=True)
class Written:
    """Line 2 of A is matched, 3 and one of B are missing, 4 and 5 are a group with the other of B."""

    entries: tuple[Entry, ...] = ENTRIES
    matches: tuple[Line, ...] = (
        (2, B + 2, "matched_tolerance", -3),
        (4, None, "matched_group", 1),
        (5, None, "matched_group", 1),
    )
    breaks: tuple[Line, ...] = (
        (3, None, "missing_in_b", 500),
        (None, B + 3, "missing_in_a", -70),
        (None, None, "balance_break", 9),  # a finding takes no line
    )


def lines(rows: tuple[Line, ...], path: Path) -> Path:
    named = [dict(zip(MATCHES.names, (*row[:3], Decimal(row[3])), strict=True)) for row in rows]
    pq.write_table(pa.Table.from_pylist(named, MATCHES), path)
    return path


def covered(of: Written, folder: Path) -> set[Total]:
    coverage = Coverage(write_entries(of.entries, folder / "entries.parquet"))
    coverage.read(lines(of.matches, folder / "matches.parquet"))
    coverage.read(lines(of.breaks, folder / "breaks.parquet"))
    totals = coverage.totals()
    assert len(set(totals)) == len(totals)
    return set(totals)


WHOLE = {
    Total("A", "BRL", 1, 1_000, "matched_tolerance"),
    Total("B", "BRL", 1, -1_003, "matched_tolerance"),
    Total("A", "BRL", 1, 500, "missing_in_b"),
    Total("A", "BRL", 2, 2 * LARGEST, "matched_group"),
    Total("B", "USD", 1, 70, "missing_in_a"),
}


def test_each_entry_is_where_a_line_names_it(tmp_path: Path) -> None:
    assert covered(Written(), tmp_path) == WHOLE


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_how_many_rows_are_read_at_a_time_changes_nothing(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = digest(lines(Written().matches, tmp_path / "matches.parquet"))
    monkeypatch.setattr(written, "_BATCH", rows)
    assert covered(Written(), tmp_path) == WHOLE
    assert digest(tmp_path / "matches.parquet") == whole


def test_nothing_covers_nothing(tmp_path: Path) -> None:
    assert covered(Written((), (), ()), tmp_path) == set()
    assert digest(tmp_path / "matches.parquet") == {"lines": 0, "sum_1": 0, "sum_2": 0}


def _lose_a_line(of: Written) -> Written:
    return replace(of, breaks=of.breaks[1:])


def _name_a_line_twice(of: Written) -> Written:
    return replace(of, breaks=(*of.breaks, (3, None, "missing_in_b", 500)))


def _name_a_line_in_two_classes(of: Written) -> Written:
    return replace(of, breaks=(*of.breaks, (2, None, "missing_in_b", 1_000)))


def _name_a_line_that_is_no_entry(of: Written) -> Written:
    return replace(of, breaks=(*of.breaks, (6, None, "missing_in_b", 1)))


def _name_a_line_of_the_reference_that_is_no_entry(of: Written) -> Written:
    return replace(of, breaks=(*of.breaks, (None, B + 4, "missing_in_a", 1)))


def _name_a_line_that_no_file_has(of: Written) -> Written:
    return replace(of, breaks=(*of.breaks, (-1, None, "missing_in_b", 1)))


def _name_a_line_as_of_the_other_side(of: Written) -> Written:
    return replace(of, breaks=((None, 3, "missing_in_a", -500), *of.breaks[1:]))


def _have_two_entries_on_a_line(of: Written) -> Written:
    return replace(of, entries=(*of.entries, of.entries[1]))


@pytest.mark.parametrize(
    ("corrupt", "gone", "instead"),
    [
        (
            _lose_a_line,
            {Total("A", "BRL", 1, 500, "missing_in_b")},
            {Total("A", "BRL", 1, 500)},
        ),
        (_name_a_line_twice, set(), {Total("A", "", 1, 0, "missing_in_b")}),
        (
            _name_a_line_in_two_classes,
            {
                Total("A", "BRL", 1, 1_000, "matched_tolerance"),
                Total("A", "BRL", 1, 500, "missing_in_b"),
            },
            {
                Total("A", "BRL", 2, 1_500, "missing_in_b"),
                Total("A", "", 1, 0, "matched_tolerance"),
            },
        ),
        (_name_a_line_that_is_no_entry, set(), {Total("A", "", 1, 0, "missing_in_b")}),
        (
            _name_a_line_of_the_reference_that_is_no_entry,
            set(),
            {Total("B", "", 1, 0, "missing_in_a")},
        ),
        (_name_a_line_that_no_file_has, set(), {Total("A", "", 1, 0, "missing_in_b")}),
        (
            _name_a_line_as_of_the_other_side,
            {Total("A", "BRL", 1, 500, "missing_in_b")},
            {Total("A", "BRL", 1, 500), Total("B", "", 1, 0, "missing_in_a")},
        ),
        (
            _have_two_entries_on_a_line,
            {Total("A", "BRL", 1, 500, "missing_in_b")},
            {
                Total("A", "BRL", 2, 1_000, "missing_in_b"),
                Total("A", "", -1, 0, "missing_in_b"),
            },
        ),
    ],
)
def test_what_does_not_cover_shows(
    corrupt: Callable[[Written], Written], gone: set[Total], instead: set[Total], tmp_path: Path
) -> None:
    assert covered(corrupt(Written()), tmp_path) == (WHOLE - gone) | instead


PAIRS: tuple[Line, ...] = (
    (2, 12, "matched_exact", 0),
    (3, 13, "matched_tolerance", 5),
    (4, 14, "matched_tolerance", -5),
    (5, None, "matched_group", 7),
)


def digest_of(rows: tuple[Line, ...], folder: Path) -> dict[str, int]:
    return digest(lines(rows, folder / "matches.parquet"))


def test_no_order_of_the_lines_changes_the_digest(tmp_path: Path) -> None:
    assert digest_of(PAIRS[::-1], tmp_path) == digest_of(PAIRS, tmp_path)


def _swapped(column: int) -> tuple[Line, ...]:
    """The second and the third line, each with the other's."""
    rows: list[list[Any]] = [list(row) for row in PAIRS]
    rows[1][column], rows[2][column] = rows[2][column], rows[1][column]
    return tuple((a, b, name, delta) for a, b, name, delta in rows)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(_swapped(1), id="two rows swap partners"),
        pytest.param(_swapped(3), id="two pairs swap differences"),
        pytest.param(((2, 12, "matched_timing", 0), *PAIRS[1:]), id="another class"),
        pytest.param(
            ((2, 12, "matched_tolerance", 0), (3, 13, "matched_exact", 5), *PAIRS[2:]),
            id="two pairs swap classes",
        ),
        pytest.param(((12, 2, "matched_exact", 0), *PAIRS[1:]), id="the sides of a pair swapped"),
        pytest.param((*PAIRS[:3], (None, 5, "matched_group", 7)), id="a row on the other side"),
        pytest.param((*PAIRS[:3], (5, None, "matched_group", -7)), id="another sign"),
        pytest.param((*PAIRS[:3], (5, None, "matched_group", 7 + 2**64)), id="a high bit"),
        pytest.param(PAIRS[1:], id="a line less"),
        pytest.param((*PAIRS, PAIRS[0]), id="a line twice"),
    ],
)
def test_whatever_the_lines_say_changes_each_number_of_the_digest(
    changed: tuple[Line, ...], tmp_path: Path
) -> None:
    before, after = digest_of(PAIRS, tmp_path), digest_of(changed, tmp_path)
    assert before["sum_1"] != after["sum_1"]
    assert before["sum_2"] != after["sum_2"]


def test_the_digest_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """Counted once by hand, in whole numbers of Python."""
    assert digest_of(PAIRS, tmp_path) == {
        "lines": 4,
        "sum_1": sum(_by_hand(row, 1) for row in PAIRS) % 2**64,
        "sum_2": sum(_by_hand(row, 2) for row in PAIRS) % 2**64,
    }


def _by_hand(row: Line, lane: int) -> int:
    line_a, line_b, name, delta = row
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    mixed = lane
    for word in (line_a or 0, line_b or 0, number, delta % 2**64, (delta >> 64) % 2**64):
        mixed = ((mixed ^ word) + 0x9E3779B97F4A7C15) % 2**64
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) % 2**64
        mixed ^= mixed >> 31
    return mixed
