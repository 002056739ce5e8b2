"""A profile that is being found out, and its TOML: what `recon profile new` shows and writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

PIX = "[ED][0-9]{20}[0-9A-Za-z]{11}"
"""The end-to-end id of a PIX."""
KEYS = ("entry_id", "reference")
MAX_AGE_DAYS = 7


@dataclass(frozen=True)
class Draft:
    """What has been found out so far of one file. columns: canonical column or part of it → the file's name of it.

    inverse: it writes what comes in as negative.
    """

    name: str
    encoding: str
    delimiter: str
    columns: Mapping[str, str]
    header_match: tuple[str, ...] = ()
    date_format: str = "%Y-%m-%d"
    decimal: str = "."
    thousands: str = ""
    inverse: bool = False
    inverse_fee: bool = False
    sides: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)
    pix: bool = False

    @property
    def keys(self) -> list[str]:
        """Columns that may name an entry, the best first."""
        named = self.columns.keys() | ({"entry_id"} if self.pix else set())
        return [key for key in KEYS if key in named]


def toml(draft: Draft) -> str:
    return _document(draft.name, "single_file", _file(draft), draft.keys)


def toml_of_two(reference: Draft, upload: Draft, keys: Collection[str]) -> str:
    """keys: those that both have in common."""
    rules = ("", "[reference]", f"max_age_days = {MAX_AGE_DAYS}")
    files = (*_file(reference, "sides.A."), *_file(upload, "sides.B."))
    return _document(upload.name, "against_reference", (*rules, *files), keys)


def _document(name: str, layout: str, files: Iterable[str], keys: Collection[str]) -> str:
    """JSON's strings are TOML's."""
    lines = [
        "# Proposto por recon profile new. Todas as chaves: docs/profiles.md.",
        "schema = 1",
        f"name = {_text(name)}",
        f"layout = {_text(layout)}",
        'currency = "BRL"',
        *files,
    ]
    for each in _passes(keys):
        lines += ["", "[[passes]]", *each]
    return "\n".join(lines) + "\n"


def _file(draft: Draft, at: str = "") -> Iterator[str]:
    yield ""
    yield f"[{at}csv]"
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
    yield f"[{at}columns]"
    if not at:
        yield f"side = {_side(draft)}"
    yield f"posted_on = {_text(draft.columns['posted_on'])}"
    yield f"amount = {_amount(draft)}"
    inverse = {"gross", "net", "balance"} if draft.inverse else set()
    if draft.inverse_fee != draft.inverse:
        inverse.add("fee")
    for column, name in draft.columns.items():
        if column in inverse:
            yield f'{column} = {{ column = {_text(name)}, sign = "inverse" }}'
        elif column not in ("side", "posted_on", "amount", "debit", "credit", "mark"):
            yield f"{column} = {_text(name)}"
    if draft.pix:
        yield ""
        yield f"[{at}extract]"
        yield f"entry_id = '{PIX}'  # o id de ponta a ponta de um PIX"


def _side(draft: Draft) -> str:
    if not draft.sides:
        return '"B"'
    words = ", ".join(f"{_text(word)} = {_text(side)}" for word, side in draft.sides.items())
    return f"{{ column = {_text(draft.columns['side'])}, values = {{ {words} }} }}"


def _amount(draft: Draft) -> str:
    columns = draft.columns
    if "amount" not in columns:
        parts = [f"{way} = {_text(columns[way])}" for way in ("debit", "credit")]
    elif draft.marks:
        parts = [f"column = {_text(columns['amount'])}", f"mark = {_text(columns['mark'])}"]
        for direction in ("debit", "credit"):
            words = ", ".join(_text(word) for word, of in draft.marks.items() if of == direction)
            parts.append(f"{direction} = [{words}]")
    elif draft.inverse:
        parts = [f"column = {_text(columns['amount'])}"]
    else:
        return _text(columns["amount"])
    if draft.inverse:
        parts.append('sign = "inverse"')
    return f"{{ {', '.join(parts)} }}"


def _passes(keys: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Of these keys; without one, what is equal in value and near in time, if it is the only one."""
    if "entry_id" in keys:
        yield 'name = "id-exato"', 'on = ["entry_id", "currency"]', "days = [0, 1]", "unique = true"
    if "reference" in keys:
        yield (
            'name = "referencia"',
            'on = ["reference_norm", "currency"]',
            "days = [0, 2]",
            "unique = true",
        )
    mode = ('mode = "suggest"',) if keys else ()
    yield (
        'name = "valor-data"',
        'on = ["amount", "currency"]',
        "days = [0, 2]",
        "unique = true",
        *mode,
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
