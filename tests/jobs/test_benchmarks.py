"""The benchmark compares like with like: whoever takes part finds the same rows. Of times no test says anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import Run, measure, table
from benchmarks.competitors import BENCH_PYTHON, COMPETITORS
from benchmarks.file import write_file

ROWS = 2_000
# Of each thousand: missing in B or in A, another amount (3), day (2), currency or id.
MATCHING = ROWS - 9 * ROWS // 1_000


@pytest.mark.parametrize("name", [name for name, who in COMPETITORS.items() if who.matching])
def test_every_competitor_finds_the_same_rows(name: str, tmp_path: Path) -> None:
    competitor = COMPETITORS[name]
    if "datacompy" in competitor.title and not BENCH_PYTHON.exists():
        pytest.skip("`make bench` installs datacompy")
    file = write_file(ROWS, tmp_path / "file.csv")
    run = measure(competitor, file, tmp_path / "out")
    assert competitor.matching is not None
    assert competitor.matching(tmp_path / "out") == MATCHING
    assert run.cpu > 0
    assert run.peak > 1


def test_the_file_is_the_same_each_time(tmp_path: Path) -> None:
    one, other = (write_file(ROWS, tmp_path / name) for name in ("one.csv", "other.csv"))
    assert one.read_bytes() == other.read_bytes()


def test_a_competitor_that_fails_is_no_competitor(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="failed"):
        measure(COMPETITORS["sql"], tmp_path / "nothing.csv", tmp_path / "out")


def test_ratios_are_of_the_least_times() -> None:
    told = table(
        {
            "sql": [Run(2.0, 1.0, 500), Run(4.0, 3.0, 400)],
            "reconcile": [Run(9.0, 4.0, 900), Run(5.0, 4.5, 800)],
        },
        1_000_000,
        180_000_000,
    )
    assert "| `recon reconcile` | 5.00 | 4.00 | 900 | 2.50 | 4.00 | sql |" in told
