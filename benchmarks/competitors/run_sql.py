"""One SQL file on DuckDB, in a process of its own: `run_sql.py RULE FILE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

rule, file, out = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute("set variable file = $file", {"file": file})
    connection.execute("set variable out = $out", {"out": out})
    connection.execute(Path(rule).read_text(encoding="utf-8"))
