"""What was planted in a large file is found, line by line, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from recon.cli import main
from tests.jobs.planted_case import AS_OF, PROFILE, Found, plant

FOUND = """
    select class, line_a, line_b from '{0}/matches.parquet'
    union all
    select class, line_a, line_b from '{0}/breaks.parquet' where line_a is not null or line_b is not null
    union all
    select
      case class when 'fee_mismatch' then 'fee_mismatch of a group' else class end,
      case side when 'A' then (explain::json->>'line')::bigint end,
      case side when 'B' then (explain::json->>'line')::bigint end
    from '{0}/breaks.parquet' where line_a is null and line_b is null
    union all
    select 'rejected', line_no, null from '{0}/rejects.parquet'
"""


@pytest.mark.parametrize(
    ("rows_a_side", "times"),
    [(20_000, 40), pytest.param(1_000_000, 2_000, marks=[pytest.mark.slow])],
)
def test_exactly_what_was_planted_is_found(
    rows_a_side: int, times: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, profile, out = tmp_path / "plantado.csv", tmp_path / "plantado.toml", tmp_path / "out"
    planted = plant(file, rows_a_side, times, seed=rows_a_side)
    profile.write_text(PROFILE, encoding="utf-8")

    arguments = ["--profile", str(profile), "--as-of", str(AS_OF), "--out", str(out), "--json"]
    assert main(["reconcile", str(file), *arguments]) == 1
    told = json.loads(capsys.readouterr().out)

    assert told["verdict"] == "divergente"
    assert told["counts"] == _items(planted)
    assert Counter(duckdb.sql(FOUND.format(out)).fetchall()) == Counter(planted)
    residuals = f"select currency, amount from '{out}/bridge.parquet' where line = 'residual'"
    assert sorted(duckdb.sql(residuals).fetchall()) == [("BRL", 0), ("USD", 0)]

    assert main(["verify", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == []


def _items(planted: list[Found]) -> dict[str, int]:
    """How often a class is to be counted: a pair and a group once, a rejected line not at all."""
    lines = Counter(row_class.removesuffix(" of a group") for row_class, *_ in planted)
    del lines["rejected"]
    lines["group_sum_mismatch"] //= 3  # rows of a group
    lines["matched_group"] = lines["matched_group"] * 2 // 5  # rows of two
    return dict(lines)
