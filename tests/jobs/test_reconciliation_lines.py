"""What the DuckDB engine does by itself: lines that it counts, and signals."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.reconciliation.engine import DuckDBEngine
from jobs.reconciliation.line_counts import LineCounts
from jobs.reconciliation.rules import everything, values
from shared.lines import REFERENCE_BASE

LINES = st.one_of(st.integers(1, 12), st.integers(1, 12).map(lambda n: REFERENCE_BASE + n))
PAIRS = st.lists(st.tuples(LINES, LINES), max_size=12)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(tmp_path_factory.mktemp("spill")) as engine:
        yield engine


@settings(deadline=None)
@given(batches=st.lists(st.lists(LINES)), asked=st.lists(LINES))
def test_lines_of_both_files_are_counted_in_any_order(
    batches: list[list[int]], asked: list[int]
) -> None:
    counts = LineCounts()
    for batch in batches:
        counts.add(np.array(batch, np.int64))
    named = Counter(line for batch in batches for line in batch)
    assert counts.of(np.array(asked, np.int64)).tolist() == [named[line] for line in asked]


@settings(deadline=None)
@given(pairs=PAIRS)
def test_pairs_whose_lines_stand_in_no_other(engine: DuckDBEngine, pairs: list[tuple[int, int]]):
    name(engine, "some_pairs", pairs)
    found = engine.once("sole", everything("some_pairs"), most=12)
    of_a, of_b = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    named = (
        of_a + of_b
    )  # no line is of both sides: what is named twice is in two pairs, or a pair with itself
    expected = sorted((a, b) for a, b in pairs if named[a] == named[b] == 1)
    assert rows(engine, "sole") == expected
    assert found == len(expected)
    engine._run("drop table sole")


def test_more_pairs_than_there_may_be_name_nothing(engine: DuckDBEngine) -> None:
    name(engine, "some_pairs", [(n, n + 10) for n in range(1, 6)])
    assert engine.once("too_many", everything("some_pairs"), most=4) is None
    assert engine.table("too_many", everything("some_pairs")) == 5  # the name is free


@settings(deadline=None)
@given(lines=st.lists(LINES, unique=True), taken=PAIRS)
def test_rows_whose_lines_are_not_named(
    engine: DuckDBEngine, lines: list[int], taken: list[tuple[int, int]]
) -> None:
    """A pair that lacks a side, as the rows of groups do, names the other only."""
    of_groups = [(a, None) if a < b else (None, b) for a, b in taken]
    for named in (taken, of_groups):
        name(engine, "taken", named)
        engine.view("lines", values("lines", ("line_no", "line_b"), [(n, n) for n in (0, *lines)]))
        engine.view("lines_of_file", everything("lines where line_no > 0"))
        left = engine.rest("left_over", "lines_of_file", "taken")
        expected = sorted((n, n) for n in lines if n not in {n for pair in named for n in pair})
        assert (
            sorted(tuple(row.values()) for row in engine.fetch(everything("left_over"))) == expected
        )
        assert left == len(expected)
        engine._run("drop table left_over")


def test_a_signal_that_comes_within_a_statement_ends_the_program_as_any_other(
    engine: DuckDBEngine,
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            engine.fetch(everything("range(10_000_000) as a, range(10_000) as b", "count(*)"))
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


def name(
    engine: DuckDBEngine,
    name: str,
    pairs: list[tuple[int, int]] | list[tuple[int | None, int | None]],
) -> None:
    lines = ("cast(line_a as bigint) as line_a", "cast(line_b as bigint) as line_b")
    pairs_and_none = values("pairs", ("line_a", "line_b"), [(0, 0), *pairs])
    shown = everything(f"({pairs_and_none}) where line_a is null or line_a <> 0", *lines)
    engine.view(name, shown)


def rows(engine: DuckDBEngine, name: str) -> list[tuple[int, int]]:
    return sorted((row["line_a"], row["line_b"]) for row in engine.fetch(everything(name)))
