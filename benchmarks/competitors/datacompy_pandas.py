"""datacompy on pandas: reads the file, compares the sides by id, writes its report. `datacompy_pandas.py FILE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from datacompy import PandasCompare

file, out = sys.argv[1:]
rows = pd.read_csv(file, parse_dates=["posted_on"])
compared = PandasCompare(
    *(rows[rows["side"] == side].drop(columns=["side", "description", "kind"]) for side in "AB"),
    join_columns=["entry_id"],
)
(Path(out) / "report.txt").write_text(compared.report(), encoding="utf-8")
(Path(out) / "matching.txt").write_text(str(compared.count_matching_rows()), encoding="utf-8")
