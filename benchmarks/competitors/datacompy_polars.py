"""datacompy on polars: reads the file, compares the sides by id, writes its report. `datacompy_polars.py FILE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from datacompy import PolarsCompare

file, out = sys.argv[1:]
rows = pl.read_csv(file, try_parse_dates=True)
compared = PolarsCompare(
    *(rows.filter(pl.col("side") == side).drop("side", "description", "kind") for side in "AB"),
    join_columns=["entry_id"],
)
(Path(out) / "report.txt").write_text(compared.report(), encoding="utf-8")
(Path(out) / "matching.txt").write_text(str(compared.count_matching_rows()), encoding="utf-8")
