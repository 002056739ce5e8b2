"""Types in bulk the records that are provably entries; everything else is left to `judge`.

It never rejects and never explains. That it agrees with `judge` is a property test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from jobs.profile import AMOUNT_COLUMNS, TEXT_COLUMNS
from jobs.validation.judgement import Fault, Reader, compared_as
from shared.currency import EXPONENTS

pc: Any = pyarrow.compute  # its stubs know too little of what it takes
Array = Any  # a pyarrow array

_FEW_VALUES = pa.dictionary(pa.int32(), pa.string())
_REQUIRED = {"side", "line_no", "posted_on", "amount", "currency"}
_TYPES = {
    "side": _FEW_VALUES,
    "line_no": pa.int64(),
    "entry_id": pa.string(),
    "account": _FEW_VALUES,
    "posted_on": pa.date32(),
    "value_on": pa.date32(),
    "amount": pa.int64(),
    "currency": _FEW_VALUES,
    "reference": pa.string(),
    "description": pa.string(),
    "counterparty": pa.string(),
    "kind": _FEW_VALUES,
    "group_key": pa.string(),
    "gross": pa.int64(),
    "fee": pa.int64(),
    "net": pa.int64(),
    "balance": pa.int64(),
    "reference_norm": pa.string(),
}
SCHEMA = pa.schema(
    [pa.field(name, kind, nullable=name not in _REQUIRED) for name, kind in _TYPES.items()]
)
# Columns whose texts recur: each is parsed once, and written as a number.
_RECURRING = {"side", "account", "posted_on", "value_on", "currency", "kind", "mark"}
_DIGITS = 18  # in minor units: any number of so many is an int64
_NOT_NORMAL = (("\x00", "\x1f"), ("\x7f", "\xff"), ("a", "z"))  # ranges of bytes
_BOM = b"\xef\xbb\xbf"


def sure(
    data: bytes | memoryview, lines: NDArray[np.int64], reader: Reader
) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The entries among records of proven grammar and valid UTF-8, and which records they are."""
    table, kept = _tokens(data, len(lines), reader)

    def column(name: str) -> Array:
        if name not in reader.index:
            constant = reader.constants.get(name)
            return (
                pa.repeat(constant, len(table)) if constant else pa.nulls(len(table), pa.string())
            )
        return table.column(str(reader.index[name])).combine_chunks()

    def text(name: str) -> Array:
        return column(name).cast(pa.string())

    side = _by_value(column("side"), reader.side, pa.string())
    day = _dense(_by_value(column("posted_on"), reader.day, pa.date32()))
    value_day = pa.nulls(len(table), pa.date32())
    if "value_on" in reader.index:
        value_day = _dense(_by_value(column("value_on"), reader.optional_day, pa.date32()))
    currency = _by_value(column("currency"), reader.currency, pa.string())
    exponents = _dense(_by_value(currency, lambda code: EXPONENTS.get(code or ""), pa.int8()))

    def minor_units(name: str) -> Array:
        return _amounts(column(name), exponents, reader)

    if "debit" in reader.index:
        amount = _of_two(column, minor_units)
    else:
        amount = minor_units("amount")
        if reader.directions:
            direction = _dense(_by_value(column("mark"), reader.direction, pa.int64()))
            amount = _directed(amount, direction)
    more = {
        name: minor_units(name) if name in reader.index else pa.nulls(len(table), pa.int64())
        for name in AMOUNT_COLUMNS
    }
    good = pc.and_(pc.and_(side.is_valid(), day.is_valid()), amount.is_valid())
    optional = more | {"value_on": value_day}
    for name in reader.index.keys() & optional:
        good = pc.and_(good, pc.or_(optional[name].is_valid(), column(name).is_null()))
    if "amount" in reader.inverse:
        amount = pc.negate(amount)
    more |= {name: pc.negate(more[name]) for name in reader.inverse & more.keys()}
    adds_up = pc.equal(more["net"], pc.subtract(more["gross"], more["fee"])).fill_null(True)
    good = pc.and_(good, adds_up)
    for name, pattern in reader.skip_rules.items():
        skipped = pc.match_substring_regex(text(name), pattern).fill_null(False)
        good = pc.and_not(good, skipped)
    texts = {name: column(name) for name in TEXT_COLUMNS}
    texts |= {
        name: pc.coalesce(text(name), _extracted(text(source), pattern))
        for name, (source, pattern) in reader.extractions.items()
    }
    arrays = (
        texts
        | more
        | {
            "side": side,
            "line_no": _integers(lines[kept]),
            "posted_on": day,
            "value_on": value_day,
            "amount": amount,
            "currency": currency,
            "reference_norm": _compared_as(texts["reference"]),
        }
    )
    arrays |= {name: _encoded(arrays[name]) for name in ("account", "kind")}
    entries = pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)
    if not pc.all(good).as_py():  # a filter that takes all would copy them
        entries = entries.filter(good)
    entered = np.zeros(len(lines), bool)
    entered[kept[good.to_numpy(zero_copy_only=False)]] = True
    return entries, entered


def _tokens(
    data: bytes | memoryview, count: int, reader: Reader
) -> tuple[pa.Table, NDArray[np.int64]]:
    """The mapped columns as text, null where empty, what recurs encoded; and the index of each row's record."""
    short: list[int] = []

    def leave_out(row: Any) -> Literal["skip"]:
        short.append(row.number - 1)  # counts from 1, rightly only without threads
        return "skip"

    wanted = sorted({str(i) for i in reader.index.values()})
    other = {i for slot, i in reader.index.items() if slot not in _RECURRING}
    kinds = {name: pa.string() if int(name) in other else _FEW_VALUES for name in wanted}
    grammar = reader.grammar
    if data[: len(_BOM)] == _BOM:
        data = _BOM + bytes(data)  # one is taken off every buffer
    table = arrow_csv.read_csv(
        pa.BufferReader(data),  # type: ignore[arg-type]
        arrow_csv.ReadOptions(
            use_threads=False,
            block_size=len(data) + 1,
            column_names=[str(i) for i in range(reader.width)],
        ),
        arrow_csv.ParseOptions(
            delimiter=chr(grammar.delimiter),
            quote_char=chr(grammar.quote),
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=leave_out,
        ),
        arrow_csv.ConvertOptions(
            check_utf8=False,
            include_columns=wanted,
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return table, np.delete(np.arange(count), short)


def _by_value(column: Array, parse: Callable[[str | None], Any], kind: pa.DataType) -> Array:
    """Encoded. The definition's own function, once for each distinct value; null where it finds a fault."""

    def attempt(text: str | None) -> Any:
        try:
            return parse(text)
        except Fault:
            return None

    encoded = _encoded(column)
    texts = [*encoded.dictionary.to_pylist(), None]
    parsed = [attempt(text) for text in texts]
    places = {value: i for i, value in enumerate(dict.fromkeys(v for v in parsed if v is not None))}
    place = pa.array([places.get(value) for value in parsed], pa.int32())
    which = encoded.indices.fill_null(len(texts) - 1)
    return pa.DictionaryArray.from_arrays(place.take(which), pa.array(list(places), kind))


def _encoded(column: Array) -> Array:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _dense(encoded: Array) -> Array:
    return encoded.dictionary.take(encoded.indices)


def _amounts(text: Array, exponents: Array, reader: Reader) -> Array:
    """Minor units where whole digits are few enough for int64 whatever the currency; else null."""
    found = pc.unique(exponents).drop_null().to_pylist()
    if len(found) == 1 and (plain := _plain_amounts(text, found[0], reader)) is not None:
        return pc.if_else(exponents.is_valid(), plain, None)
    point, group = re.escape(reader.decimal), re.escape(reader.thousands)
    whole = r"\d+" + (rf"|\d{{1,3}}(?:{group}\d{{3}})+" if group else "")
    bare = pc.replace_substring(text, reader.thousands, "") if group else text
    length = pc.binary_length(bare)
    amounts = pa.nulls(len(text), pa.int64())
    for exponent in found:
        fraction = rf"(?:{point}\d{{1,{exponent}}})?" if exponent else ""
        fits = pc.match_substring_regex(text, rf"\A-?(?:{whole}){fraction}\z")
        few = pc.less_equal(length, _DIGITS - exponent)
        mine = pc.and_(pc.and_(fits, few), pc.equal(exponents, exponent))
        plain = pc.if_else(mine, bare, None)
        if reader.decimal != ".":
            plain = pc.replace_substring(plain, reader.decimal, ".")
        units = plain.cast(pa.decimal128(_DIGITS, exponent))
        low_words = np.frombuffer(units.buffers()[1], np.int64)[::2]  # 128 bits, little-endian
        amounts = pc.if_else(mine.fill_null(False), _integers(low_words), amounts)
    return amounts


def _plain_amounts(text: Array, exponent: int, reader: Reader) -> Array | None:
    """The same where each has all its decimals and nothing between its digits, as in most files: read without their
    points, at a third of what the expression and decimals cost. None where one has not."""
    bounds, written = _bytes_of(text)
    length = np.diff(bounds)
    if (
        text.null_count
        or not exponent
        or not exponent + 2 <= length.min() <= length.max() <= _DIGITS - exponent
    ):
        return None
    points, minuses = written == ord(reader.decimal), written == ord("-")
    negative = minuses[bounds[:-1]]
    digits = length - negative - 1
    if (
        digits.min() <= exponent
        or not points[bounds[1:] - 1 - exponent].all()
        or np.count_nonzero(points) > len(text)
        or np.count_nonzero(minuses) > np.count_nonzero(negative)
        or np.count_nonzero(written - np.uint8(ord("0")) < 10) < digits.sum()
    ):
        return None
    ends = pa.py_buffer((bounds - np.arange(len(bounds), dtype=np.int32)).tobytes())
    whole = pa.py_buffer(written[~points].tobytes())
    return pa.Array.from_buffers(pa.string(), len(text), [None, ends, whole]).cast(pa.int64())


def _integers(words: NDArray[np.int64]) -> Array:
    """As `pa.array`, which would load all of numpy's masked arrays to ask whether this is one (0.05 s)."""
    return pa.Array.from_buffers(pa.int64(), len(words), [None, pa.py_buffer(words.tobytes())])


def _directed(amount: Array, direction: Array) -> Array:
    """Debits negative; null where the amount or its mark is in doubt, or a credit is negative."""
    credit = pc.if_else(pc.greater_equal(amount, 0), amount, None)
    return pc.if_else(pc.equal(direction, 1), credit, pc.negate(pc.abs(amount)))


def _of_two(column: Callable[[str], Array], minor_units: Callable[[str], Array]) -> Array:
    """From a column of debits and one of credits, of which one is empty or zero; null where in doubt."""
    debit, credit = (
        pc.if_else(column(name).is_null(), 0, minor_units(name)) for name in ("debit", "credit")
    )
    one_given = pc.or_(column("debit").is_valid(), column("credit").is_valid())
    one_is_zero = pc.or_(pc.equal(debit, 0), pc.equal(credit, 0))
    sure = pc.and_(pc.and_(one_given, one_is_zero), pc.greater_equal(credit, 0))
    return pc.if_else(sure, pc.subtract(credit, pc.abs(debit)), None)


def _extracted(text: Array, pattern: str) -> Array:
    found = pc.struct_field(pc.extract_regex(text, pattern), "value")
    return pc.if_else(pc.not_equal(found, ""), found, None)


def _compared_as(reference: Array) -> Array:
    """Single blanks between visible ASCII need only capitals; the definition does the others."""
    if _all_normal(reference):
        return pa.nulls(len(reference), pa.string())
    regular = pc.match_substring_regex(reference, r"\A[!-~]+(?: [!-~]+)*\z").fill_null(True)
    others = [compared_as(text) for text in reference.filter(pc.invert(regular)).to_pylist()]
    capitals = pc.ascii_upper(reference)
    norms = pc.if_else(pc.equal(capitals, reference), None, capitals)
    return pc.replace_with_mask(norms, pc.invert(regular), pa.array(others, pa.string()))


def _all_normal(texts: Array) -> bool:
    """Whether none needs anything, seen on their bytes at a sixth of what an expression costs."""
    bounds, written = _bytes_of(texts)
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled) + texts.null_count < len(texts):  # an empty text is no reference
        return False
    if any((written - np.uint8(ord(a)) <= ord(z) - ord(a)).any() for a, z in _NOT_NORMAL):
        return False
    blank = written == ord(" ")
    first, last = bounds[filled], bounds[filled + 1] - 1
    return not ((blank[1:] & blank[:-1]).any() or blank[first].any() or blank[last].any())


def _bytes_of(texts: Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Text i is bytes[bounds[i]:bounds[i + 1]]; null has none."""
    _, offsets, data = texts.buffers()
    if data is None:
        return np.zeros(len(texts) + 1, np.int32), np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return bounds - bounds[0], np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
