"""The file that everybody reads: the same bytes for the same number of rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

QUERY = Path(__file__).with_suffix(".sql")


def write_file(rows: int, path: Path) -> Path:
    """`rows` a side, less those that are missing. In a process of its own: what this one ever held would count as a
    competitor's peak memory, for it begins as a copy."""
    subprocess.run([sys.executable, __file__, str(rows), str(path)], check=True)
    return path


if __name__ == "__main__":
    asked, target = sys.argv[1:]
    with duckdb.connect() as connection:
        query = QUERY.read_text(encoding="utf-8")
        connection.sql(query, params={"rows": int(asked)}).write_csv(target)
