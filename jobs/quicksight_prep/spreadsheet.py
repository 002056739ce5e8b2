"""`divergencias.csv` as a Brazilian Excel opens it by double click, with no cell that it would run as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

# A formula in a spreadsheet begins with one of these, also in the full-width forms that Excel folds.
_RUNS = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# Excel shows a long number as 1,23E+19 and 001 as 1: an id that looks like a number is written as text.
_LOOKS_LIKE_A_NUMBER = re.compile(r"0\d+|\d{12,}|\d+[Ee]\d+", re.ASCII)

Cell = str | int | Decimal | date | None


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Semicolons, decimal comma, dd/mm/yyyy, CRLF, UTF-8 with BOM. Returns the rows written."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([cell_text(cell) for cell in row])
            count += 1
    return count


def cell_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(
        cell, Decimal
    ):  # made from integer minor units, so never a formula: -123,45 stays a number
        return f"{cell:f}".replace(".", ",")
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, int):
        return str(cell)
    return harmless(cell)


def harmless(text: str) -> str:
    """Text that a spreadsheet shows and never runs or rounds."""
    line = re.sub(r"[\r\n\x00]+", " ", text)
    if _LOOKS_LIKE_A_NUMBER.fullmatch(line):
        return f'="{line}"'
    return f"'{line}" if _RUNS.match(line) else line


def runs_as_formula(text: str) -> bool:
    return _RUNS.match(text) is not None
