"""A profile that is being found out, and its TOML: what `recon profile new` shows and writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PIX = "[ED][0-9]{20}[0-9A-Za-z]{11}"
"""The end-to-end id of a PIX."""


@dataclass(frozen=True)
class Draft:
    """What has been found out so far. columns: canonical column or part of it → the file's name of it."""

    name: str
    encoding: str
    delimiter: str
    columns: Mapping[str, str]
    header_match: tuple[str, ...] = ()
    date_format: str = "%Y-%m-%d"
    decimal: str = "."
    thousands: str = ""
    inverse_fee: bool = False
    sides: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)
    pix: bool = False


def toml(draft: Draft) -> str:
    """JSON's strings are TOML's."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# Proposto por recon profile new. Todas as chaves: docs/profiles.md."
    yield "schema = 1"
    yield f"name = {_text(draft.name)}"
    yield 'layout = "single_file"'
    yield 'currency = "BRL"'
    yield ""
    yield "[csv]"
    yield f"delimiter = {_text(draft.delimiter)}"
    yield f"encoding = {_text(draft.encoding)}"
    yield f"decimal = {_text(draft.decimal)}"
    if draft.thousands:
        yield f"thousands = {_text(draft.thousands)}"
    yield f"date_format = {_text(draft.date_format)}"
    if draft.header_match:
        yield f"header_match = [{', '.join(map(_text, draft.header_match))}]"
    if draft.skips:
        rules = ", ".join(f"{column} = {_text(rule)}" for column, rule in draft.skips.items())
        yield f"skip_rows_where = {{ {rules} }}"
    yield ""
    yield "[columns]"
    yield f"side = {_side(draft)}"
    yield f"posted_on = {_text(draft.columns['posted_on'])}"
    yield f"amount = {_amount(draft)}"
    for column, name in draft.columns.items():
        if column == "fee" and draft.inverse_fee:
            yield f'fee = {{ column = {_text(name)}, sign = "inverse" }}'
        elif column not in ("side", "posted_on", "amount", "debit", "credit", "mark"):
            yield f"{column} = {_text(name)}"
    if draft.pix:
        yield ""
        yield "[extract]"
        yield f"entry_id = '{PIX}'  # o id de ponta a ponta de um PIX"
    for lines in _passes(draft):
        yield ""
        yield "[[passes]]"
        yield from lines


def _side(draft: Draft) -> str:
    if not draft.sides:
        return '"B"'
    words = ", ".join(f"{_text(word)} = {_text(side)}" for word, side in draft.sides.items())
    return f"{{ column = {_text(draft.columns['side'])}, values = {{ {words} }} }}"


def _amount(draft: Draft) -> str:
    columns = draft.columns
    if "amount" not in columns:
        return f"{{ debit = {_text(columns['debit'])}, credit = {_text(columns['credit'])} }}"
    if not draft.marks:
        return _text(columns["amount"])
    parts = [f"column = {_text(columns['amount'])}", f"mark = {_text(columns['mark'])}"]
    for direction in ("debit", "credit"):
        words = ", ".join(_text(word) for word, of in draft.marks.items() if of == direction)
        parts.append(f"{direction} = [{words}]")
    return f"{{ {', '.join(parts)} }}"


def _passes(draft: Draft) -> Iterator[tuple[str, ...]]:
    """Of the keys that the file has; without one, what is equal in value and near in time, if it is the only one."""
    keyed = False
    if "entry_id" in draft.columns or draft.pix:
        keyed = True
        yield 'name = "id-exato"', 'on = ["entry_id", "currency"]', "days = [0, 1]", "unique = true"
    if "reference" in draft.columns:
        keyed = True
        yield (
            'name = "referencia"',
            'on = ["reference_norm", "currency"]',
            "days = [0, 2]",
            "unique = true",
        )
    mode = ('mode = "suggest"',) if keyed else ()
    yield (
        'name = "valor-data"',
        'on = ["amount", "currency"]',
        "days = [0, 2]",
        "unique = true",
        *mode,
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
