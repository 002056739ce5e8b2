"""What one record is: an entry, a reject with its reason, or nothing. The whole definition.

Values are taken exactly as the profile declares them: nothing is trimmed, guessed or rounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.profile import AMOUNT_COLUMNS, TEXT_COLUMNS, FileFormat
from jobs.validation.encoding import as_utf8
from jobs.validation.records import Grammar
from shared.currency import EXPONENTS
from shared.lines import told
from shared.ptbr import count, number

YEARS = range(1900, 2100)  # outside lie typing errors and the `no date` of old systems
RAW_LIMIT = 1000  # characters of a reject's raw value
Entry = dict[str, Any]

_PARTS = dict.fromkeys("dmyHMS", r"\d{2}") | {"Y": r"\d{4}"}
_NAMES = {"d": "day", "m": "month", "H": "hour", "M": "minute", "S": "second"}
_NAMES |= dict.fromkeys("Yy", "year")
_SHOWN = {"d": "dd", "m": "mm", "Y": "aaaa", "y": "aa", "H": "hh", "M": "mm", "S": "ss"}
PIVOT = 69  # as POSIX has it: the years from here on are of the last century


@dataclass(frozen=True)
class Reject:
    """column: as the file names it, None where the record as a whole is wrong."""

    side: str | None
    line_no: int
    column: str | None
    raw_value: str
    code: str
    message: str


class Fault(Exception):
    """A value, or a record, that is not what the profile declares. why: pt-BR, follows the value.

    at: what was read, where that is not what the caller asked for.
    """

    def __init__(self, code: str, why: str, at: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.why = why
        self.at = at


class Reader:
    """A format compiled for one file's header: what each column means."""

    def __init__(self, file: FileFormat, grammar: Grammar, names: Sequence[str]) -> None:
        csv, side = file.csv, file.columns.side
        self.grammar = grammar
        self.width = len(names)
        self.sources = file.columns.among(names)
        self.index = {slot: names.index(name) for slot, name in self.sources.items()}
        self.constants = file.columns.constants
        self.skip_rules = csv.skip_rows_where
        self.extractions = {
            column: (extract.source, extract.named_pattern)
            for column, extract in file.extract.items()
        }
        self._encoding = csv.encoding
        self.fallback = csv.encoding_fallback
        self.constant_side, self._sides = side.constant, side.values
        self._currency = file.currency
        self.thousands, self.decimal = csv.thousands, csv.decimal
        self.inverse = file.columns.inverse
        self.directions = file.columns.amount.directions
        whole = (
            r"\d+" if not csv.thousands else rf"\d{{1,3}}(?:{re.escape(csv.thousands)}\d{{3}})+|\d+"
        )
        self._amount = re.compile(rf"(-?)({whole})(?:{re.escape(csv.decimal)}(\d+))?", re.ASCII)
        self._amount_shown = f"1{csv.thousands}234{csv.decimal}56"
        literals = re.split(r"%(.)", csv.date_format)
        self._date = re.compile(
            "".join(
                f"(?P<{_NAMES[p]}>{_PARTS[p]})" if i % 2 else re.escape(p)
                for i, p in enumerate(literals)
            ),
            re.ASCII,
        )
        self._date_shown = "".join(_SHOWN[p] if i % 2 else p for i, p in enumerate(literals))

    def text(self, record: bytes) -> bytes:
        """The record without its line break, in UTF-8 if it is text at all."""
        return as_utf8(without_line_break(record), self.fallback)

    def values(self, body: bytes) -> dict[str, str | None]:
        """What is read of a record, None where empty; what the profile says once for all of them."""
        try:
            body.decode()
        except UnicodeDecodeError:
            either = self._encoding + (f" nem em {self.fallback}" if self.fallback else "")
            raise Fault("ENCODING", f"há bytes que não são texto em {either}") from None
        fields = self.grammar.split(body)
        if fields is None:
            raise Fault("UNBALANCED_QUOTE", "aspas sem par ou fora de lugar")
        if len(fields) != self.width:
            raise self.miscount(len(fields))
        read = {slot: fields[i].decode() or None for slot, i in self.index.items()}
        return read | self.constants

    def miscount(self, fields: int) -> Fault:
        found = count(fields, "campo", "campos")
        return Fault("FIELD_COUNT", f"o registro tem {found}, e o cabeçalho {number(self.width)}")

    def skips(self, values: Mapping[str, str | None]) -> bool:
        """By RE2, also here: Python's `re` reads some patterns differently and can backtrack for ever."""
        return any(
            pc.match_substring_regex(pa.scalar(values.get(column), pa.string()), pattern).as_py()
            for column, pattern in self.skip_rules.items()
        )

    def extracted(self, column: str, values: Mapping[str, str | None]) -> str | None:
        """By RE2 too. The first match in another column's own value; None where it is empty."""
        if column not in self.extractions:
            return None
        source, pattern = self.extractions[column]
        text = pa.scalar(values.get(source), pa.string())
        found: dict[str, str] | None = pc.extract_regex(text, pattern).as_py()  # type: ignore[assignment]
        return found["value"] or None if found else None

    def side(self, text: str | None) -> str:
        if self.constant_side:
            return self.constant_side
        if (side := self._sides.get(_required(text))) is None:
            raise Fault("SIDE_UNKNOWN", f"não é um lado conhecido ({', '.join(self._sides)})")
        return side

    def day(self, text: str | None) -> date:
        if not (match := self._date.fullmatch(_required(text))):
            raise Fault("DATE_FORMAT", f"não é uma data no formato {self._date_shown}")
        parts = {name: int(part) for name, part in match.groupdict().items()}
        if len(match["year"]) == 2:
            parts["year"] += 1900 if parts["year"] >= PIVOT else 2000
        try:
            day = datetime(**parts).date()  # type: ignore[arg-type]  # noqa: DTZ001 - a day has no zone
        except ValueError:
            raise Fault("DATE_RANGE", "não existe no calendário") from None
        if day.year not in YEARS:
            raise Fault("DATE_RANGE", f"está fora dos anos de {YEARS[0]} a {YEARS[-1]}")
        return day

    def optional_day(self, text: str | None) -> date | None:
        return None if text is None else self.day(text)

    def currency(self, text: str | None) -> str:
        if text is None:
            return self._currency
        if text not in EXPONENTS:
            raise Fault("CURRENCY_UNKNOWN", "não é um código de moeda ISO 4217")
        return text

    def amount(self, text: str | None, exponent: int) -> int:
        """In minor units."""
        if not (match := self._amount.fullmatch(_required(text))):
            raise Fault("AMOUNT_FORMAT", f"não é um valor no formato {self._amount_shown}")
        sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
        if len(fraction) > exponent:
            raise Fault("AMOUNT_SCALE", f"tem mais casas decimais que as {exponent} da moeda")
        units = (whole.replace(self.thousands, "") + fraction.ljust(exponent, "0")).lstrip("0")
        return _in_range(int(sign + (units[:20] or "0")))  # 20 digits are beyond int64 already

    def direction(self, mark: str | None) -> int:
        if (direction := self.directions.get(_required(mark))) is None:
            raise Fault(
                "AMOUNT_FORMAT", f"não é uma marca conhecida ({', '.join(self.directions)})"
            )
        return direction

    def entry_amount(self, values: Mapping[str, str | None], exponent: int) -> int:
        """The record's amount, debits negative."""
        if "debit" not in self.index:
            amount = self.amount(values.get("amount"), exponent)
            if not self.directions:
                return amount
            try:
                direction = self.direction(values.get("mark"))
            except Fault as fault:
                raise Fault(fault.code, fault.why, "mark") from None
            if direction > 0:
                return _credit(amount, "amount")
            return -abs(amount)
        found = {}
        for slot in ("debit", "credit"):
            if text := values.get(slot):
                try:
                    found[slot] = self.amount(text, exponent)
                except Fault as fault:
                    raise Fault(fault.code, fault.why, slot) from None
        if not found:
            raise Fault("REQUIRED_EMPTY", "está vazia, e a do crédito também", "debit")
        debit, credit = found.get("debit", 0), _credit(found.get("credit", 0), "credit")
        if debit and credit:
            raise Fault("AMOUNT_FORMAT", "está ao lado de um crédito: é um ou o outro", "debit")
        return credit or -abs(debit)


def _in_range(amount: int) -> int:
    if not -(2**63) <= amount < 2**63:
        raise Fault("AMOUNT_FORMAT", "tem mais algarismos do que cabem em um valor")
    return amount


def _credit(amount: int, at: str) -> int:
    if amount < 0:
        raise Fault("AMOUNT_FORMAT", "é negativo, e o arquivo o declara crédito", at)
    return amount


def _required(text: str | None) -> str:
    if text is None:
        raise Fault("REQUIRED_EMPTY", "está vazia e é obrigatória")
    return text


def judge(record: bytes, line_no: int, reader: Reader) -> Entry | Reject | None:
    """None: nothing to enter (a blank line, or a row that the profile skips)."""
    body = reader.text(record)
    if not body:
        return None
    values: dict[str, str | None] = {}
    entry: Entry = {"line_no": line_no} | dict.fromkeys(AMOUNT_COLUMNS)
    at = ""
    try:
        values = reader.values(body)
        if reader.skips(values):
            return None
        for at, parse in (
            ("side", reader.side),
            ("posted_on", reader.day),
            ("value_on", reader.optional_day),
            ("currency", reader.currency),
        ):
            entry[at] = parse(values.get(at))
        exponent = EXPONENTS[entry["currency"]]
        for at in ("amount", *AMOUNT_COLUMNS):
            if at == "amount":
                entry[at] = reader.entry_amount(values, exponent)
            elif values.get(at):
                entry[at] = reader.amount(values[at], exponent)
            if at in reader.inverse and entry[at] is not None:
                entry[at] = _in_range(-entry[at])
        gross, fee, at = entry["gross"], entry["fee"], "net"
        if None not in (gross, fee, entry[at]) and entry[at] != gross - fee:
            raise Fault("NET_NOT_GROSS_MINUS_FEE", "não é o bruto menos a taxa")
    except Fault as fault:
        at = fault.at or at
        column = reader.sources.get(at)
        raw = (values.get(at) or "") if at else body.decode(errors="backslashreplace")
        message = _message(line_no, column, raw, fault)
        side = entry.get("side", reader.constant_side)
        return Reject(side, line_no, column, raw[:RAW_LIMIT], fault.code, message)
    for column in TEXT_COLUMNS:
        entry[column] = values.get(column) or reader.extracted(column, values)
    return entry | {"reference_norm": compared_as(entry["reference"])}


def miscounted(bodies: Iterable[tuple[int, bytes]], reader: Reader) -> list[Reject]:
    """What `judge` says of records of valid UTF-8 without a quote that have too few or too many fields.

    Of a file that is mostly rejects, as one of another kind is, they are the most.
    """
    side, delimiter = reader.constant_side, bytes([reader.grammar.delimiter])
    fault = cache(lambda delimiters: reader.miscount(delimiters + 1))
    return [
        Reject(side, n, None, body.decode()[:RAW_LIMIT], f.code, _message(n, None, "", f))
        for n, body in bodies
        for f in (fault(body.count(delimiter)),)
    ]


def place(line_no: int, column: str | None) -> str:
    return told(line_no) + (f', coluna "{column}"' if column else "")


def _message(line_no: int, column: str | None, raw: str, fault: Fault) -> str:
    value = f'"{_printable(raw[:60])}{"…" if len(raw) > 60 else ""}" ' if column and raw else ""
    return f"{place(line_no, column)}: {value}{fault.why} ({fault.code})"


def _printable(text: str) -> str:
    if text.isprintable():  # of a file that is mostly rejects, this is the dearest part
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def without_line_break(record: bytes) -> bytes:
    return record.removesuffix(b"\n").removesuffix(b"\r")


def compared_as(reference: str | None) -> str | None:
    """What an entry's reference_norm says: nothing where the reference is normal as it is, which nearly all are and
    would be written twice; "" where nothing is left of it."""
    norm = normalised(reference)
    return None if norm == reference else norm or ""


def normalised(text: str | None) -> str | None:
    """How references are compared: capitals, no accents, single blanks. Zeros and signs stay.

    None where nothing is left: a blank reference matches nothing.
    """
    if text is None:
        return None
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in apart if not unicodedata.combining(c)).upper()
    return " ".join(plain.split()) or None
