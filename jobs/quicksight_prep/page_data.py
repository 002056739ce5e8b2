"""The breaks as the page's own script reads them: columns, texts by number, gzip, base64.

Base64 has no `<`, so nothing of the file can end the element that it is in.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb

from jobs.quicksight_prep.explanation import why
from jobs.quicksight_prep.items import Row, currencies_of, rows_of
from jobs.quicksight_prep.phrases import currency_symbols, phrases
from jobs.quicksight_prep.tables import sql
from shared.currency import EXPONENTS
from shared.lines import in_reference, line_of_file
from shared.taxonomy import ROW_CLASSES

SHOWN = 100_000
"""Breaks and pending entries that the page holds; the workbook and divergencias.csv hold all."""
LOT_ROWS = 100
"""Rows of each side of a lot that its details list."""
_EXACT = 2**53  # a script's numbers are doubles: larger amounts go as text
_TEXTS = ("account", "entry_id", "reference", "description", "kind")
_EPOCH = date(1970, 1, 1)


def page_data(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    connection.execute(f"create or replace temp view shown as from items limit {SHOWN}")
    entries = list(rows_of(connection, sql("page_entries"), {"lot_rows": LOT_ROWS}))
    items = list(rows_of(connection, "from shown"))
    place = {row["line_no"]: n for n, row in enumerate(entries)}
    currencies = sorted(
        {row[name] for row in items for name in ("currency", "currency_b")}
        | {row["currency"] for row in entries}
    )
    return {
        "currencies": [
            {"code": code, "decimals": EXPONENTS[code], "symbol": currency_symbols(code)}
            for code in currencies
        ],
        "classes": [
            {"code": code, "priority": kind.priority} for code, kind in ROW_CLASSES.items()
        ],
        "phrases": phrases(),
        "entries": {
            "line": [line_of_file(row["line_no"]) for row in entries],
            "of_reference": [int(in_reference(row["line_no"])) for row in entries],
            "side": "".join(row["side"] for row in entries),
            "day": [_day(row["posted_on"]) for row in entries],
            "amount": [_amount(row["amount"]) for row in entries],
            "currency": [currencies.index(row["currency"]) for row in entries],
            **{name: _texts(row[name] for row in entries) for name in _TEXTS},
        },
        "items": _items(items, place, currencies),
    }


def packed(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _items(items: list[Row], place: dict[int, int], currencies: list[str]) -> dict[str, Any]:
    codes = list(ROW_CLASSES)

    def one(lines: list[int] | None) -> int:
        return place[lines[0]] if lines else -1

    return {
        "id": [row["break_id"] for row in items],
        "class": [codes.index(row["class"]) for row in items],
        "material": [int(row["material"]) for row in items],
        "state": _texts(row["lifecycle"] for row in items),
        "currency": [currencies.index(row["currency"]) for row in items],
        "currency_b": [currencies.index(row["currency_b"]) for row in items],
        "a": [one(row["lines_a"]) for row in items],
        "b": [one(row["lines_b"]) for row in items],
        "near": [-1 if row["near"] is None else place[row["near"]] for row in items],
        "lots": {n: _lot(row, place) for n, row in enumerate(items) if _is_lot(row)},
        "finding": [n for n, row in enumerate(items) if row["is_finding"]],
        "amount_a": [_amount(row["amount_a"]) for row in items],
        "amount_b": [_amount(row["amount_b"]) for row in items],
        "delta": [_amount(row["delta"]) for row in items],
        "age": [row["age_days"] for row in items],
        "due": [_day(row["break_on"]) for row in items],
        "why": [
            why(row["class"], row["explain"], row["currency"], currencies_of(row)).packed()
            for row in items
        ],
    }


def _is_lot(row: Row) -> bool:
    return max(len(row["lines_a"] or []), len(row["lines_b"] or [])) > 1 or (
        row["class"] == "group_sum_mismatch"
    )


def _lot(row: Row, place: dict[int, int]) -> dict[str, Any]:
    sides = [row["lines_a"] or [], row["lines_b"] or []]
    shown = [place[line] for lines in sides for line in lines[:LOT_ROWS]]
    return {"rows": shown, "in_all": sum(map(len, sides))}


def _amount(value: Any) -> int | str | None:
    if value is None:
        return None
    exact = int(value)
    return exact if abs(exact) < _EXACT else str(exact)


def _day(value: date | None) -> int | None:
    return None if value is None else (value - _EPOCH).days


def _texts(values: Iterable[str | None]) -> dict[str, list[Any]]:
    """Each different text once."""
    known: dict[str | None, int] = {}
    places = [known.setdefault(value, len(known)) for value in values]
    return {"texts": list(known), "of": places}
