"""What the written files say, read back without the engine that wrote them, in a byte of memory a line.

So the proof shares nothing with the rules that it judges, and means the same whichever engine ran them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.reconciliation.proof import Total
from shared.lines import REFERENCE_BASE

_BATCH = (
    1 << 18
)  # rows: sums of their halves stay exact in a float64, and what is mixed stays in the cache
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


class Coverage:
    """Where each entry went, by the lines that matches and breaks name."""

    def __init__(self, entries: Path) -> None:
        self._entries = entries
        highest = [0, 0]  # of the upload's lines, and of the reference's
        for batch in _batches(entries, ["line_no"]):
            lines = batch.column("line_no").to_numpy()
            of_reference = lines > REFERENCE_BASE
            for i, part in enumerate((lines[~of_reference], lines[of_reference] - REFERENCE_BASE)):
                highest[i] = max(highest[i], int(part.max(initial=0)))
        self._upload = highest[0] + 1
        self._given = np.zeros(self._upload + highest[1] + 1, np.uint8)
        self._codes: dict[tuple[str, str], int] = {}  # of side and class; 0 is nowhere
        self._named: Counter[int] = Counter()

    def read(self, table: Path) -> None:
        """Matches or breaks."""
        for batch in _batches(table, ["line_a", "line_b", "class"]):
            classes = batch.column("class")
            for side in "AB":
                names = classes.dictionary.to_pylist()
                codes = [
                    self._codes.setdefault((side, name), len(self._codes) + 1) for name in names
                ]
                column = batch.column(f"line_{side.lower()}")
                given = np.array(codes, np.uint8)[classes.indices.to_numpy()]
                given = given[column.is_valid().to_numpy(zero_copy_only=False)]
                self._named.update(_counts(given))
                places = self._places(column.drop_null().to_numpy())
                known = places >= 0
                self._given[places[known]] = given[known]

    def totals(self) -> list[Total]:
        """By what the entries find at their places; class None: nowhere. Currency "": what was named beyond that, lines
        that are no entry of that side, or one that was named before (below zero: entries that share a line)."""
        meanings: list[tuple[str, str | None]] = [("", None), *self._codes]
        named = self._named.copy()
        lines: Counter[tuple[str, str, int]] = Counter()
        amounts: Counter[tuple[str, str, int]] = Counter()
        for batch in _batches(self._entries, ["line_no", "side", "currency", "amount"]):
            found = self._given[self._places(batch.column("line_no").to_numpy())]
            amount = batch.column("amount").to_numpy()
            side, currency = batch.column("side"), batch.column("currency")
            sides, currencies = side.dictionary.to_pylist(), currency.dictionary.to_pylist()
            group = (found.astype(np.int64) * len(sides) + side.indices.to_numpy()) * len(
                currencies
            ) + currency.indices.to_numpy()
            low, high = (np.bincount(group, part) for part in (amount & 0xFFFFFFFF, amount >> 32))
            for of_group, count in _counts(group).items():
                rest, of_currency = divmod(of_group, len(currencies))
                code, of_side = divmod(rest, len(sides))
                if meanings[code][0] != sides[of_side]:
                    code = 0
                key = sides[of_side], currencies[of_currency], code
                lines[key] += count
                amounts[key] += (int(high[of_group]) << 32) + int(low[of_group])
        totals = []
        for key, count in lines.items():
            of_entries, of_currency_, code = key
            named[code] -= count
            totals.append(Total(of_entries, of_currency_, count, amounts[key], meanings[code][1]))
        for code, count in named.items():
            if code and count:
                totals.append(Total(meanings[code][0], "", count, 0, meanings[code][1]))
        return totals

    def _places(self, lines: Integers) -> Integers:
        """Lines of the upload, then those of the reference; -1 where no entry can be."""
        if not len(lines) or (lines.min() > 0 and lines.max() < self._upload):  # nearly all are
            return lines
        beyond = lines - REFERENCE_BASE
        of_reference = (beyond > 0) & (beyond < len(self._given) - self._upload)
        of_upload = (lines > 0) & (lines < self._upload)
        return np.where(of_upload, lines, np.where(of_reference, beyond + self._upload, -1))


def covered(entries: Path, *tables: Path) -> list[Total]:
    coverage = Coverage(entries)
    for table in tables:
        coverage.read(table)
    return coverage.totals()


def digest(matches: Path) -> dict[str, int]:
    """Sums over the lines of matches, which no order can change: of two numbers a line, each made of all that the line
    says in its place, so that two rows that swap partners, classes or differences change them. Against accidents, not
    against somebody who may choose the rows."""
    count, sums = 0, [0, 0]
    for batch in _batches(matches, ["line_a", "line_b", "class", "delta"]):
        count += len(batch)
        classes = batch.column("class")
        said = (
            _known(batch.column("line_a")),
            _known(batch.column("line_b")),
            np.array([_number(name) for name in classes.dictionary.to_pylist()], np.uint64)[
                classes.indices.to_numpy()
            ],
            *_halves(batch.column("delta")),
        )
        for lane in range(len(sums)):
            mixed = np.full(len(batch), lane + 1, np.uint64)
            for words in said:
                mixed ^= words
                _mix(mixed)
            sums[lane] = (sums[lane] + int(mixed.sum())) % 2**64
    return {"lines": count, **{f"sum_{n}": total for n, total in enumerate(sums, 1)}}


def _mix(words: Words) -> None:
    """In place, each word one to one into one whose every bit depends on all of its bits: SplitMix64's last step."""
    words += np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)


def _batches(table: Path, columns: Sequence[str]) -> Iterator[Any]:
    """Texts come as dictionaries."""
    texts = [c for c in columns if c in ("class", "side", "currency")]
    with pq.ParquetFile(table, read_dictionary=texts) as file:
        yield from file.iter_batches(_BATCH, columns=list(columns))


def _counts(codes: NDArray[Any]) -> dict[int, int]:
    return {code: int(count) for code, count in enumerate(np.bincount(codes)) if count}


def _known(lines: Any) -> Words:
    """No line has the number 0."""
    numbers: Words = lines.fill_null(0).to_numpy().view(np.uint64)
    return numbers


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _halves(amounts: Any) -> tuple[Words, Words]:
    """Of decimals as Arrow keeps them, 128 bits, the low ones first."""
    assert pa.types.is_decimal128(amounts.type)
    words = np.frombuffer(amounts.buffers()[1], np.uint64)
    mine = words[2 * amounts.offset : 2 * (amounts.offset + len(amounts))]
    return mine[::2], mine[1::2]
