"""Where each record of a CSV begins and ends, and for which records the strict grammar is proven.

Only proven records may reach a lenient tokeniser: on them it cannot be wrong. One stray quote costs
its own line, never the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from jobs.profile import Csv
from jobs.validation.refusal import RefusedFileError
from shared.lines import told

CARRY_LIMIT = 16 << 20  # bytes that a record may take: beyond it an open quote is a stray one
_CR, _LF = 13, 10
Offsets = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Grammar:
    """What a record is in a dialect, on UTF-8 bytes. Patterns are possessive: none can backtrack.

    A quote inside unquoted text is text only in pairs and not at its start (`peça 5" x 3"`): where a
    delimiter before a quoted field was lost, the pieces hold odd numbers of quotes or are too few.
    """

    def __init__(self, csv: Csv) -> None:
        self.quote, self.escape, self.delimiter = map(ord, (csv.quote, csv.escape, csv.delimiter))
        self.doubles = csv.quote == csv.escape
        q, e, d = (re.escape(sign.encode()) for sign in (csv.quote, csv.escape, csv.delimiter))
        escaped = q + q if self.doubles else e + rb"."
        inner = rb"[^%b%b]*+(?:%b[^%b%b]*+)*+" % (q, e, escaped, q, e)
        bare = rb"[^%b%b\r\n]" % (q, d)
        pair = q + bare + b"*+" + q
        field = rb"(?:%b%b%b|(?:%b++(?:%b%b*+)*+)?)" % (q, inner, q, bare, pair, bare)
        self.record = re.compile(rb"(?:%b%b)*+%b(?:\r\n|\n|\r|\Z)" % (field, d, field), re.DOTALL)
        self.unfinished = re.compile(rb"(?:%b%b)*+%b%b\Z" % (field, d, q, inner), re.DOTALL)
        self._field = re.compile(rb"(%b)%b" % (field, d), re.DOTALL)
        self._escaped = re.compile(q + q if self.doubles else e + rb"(.)", re.DOTALL)
        edges = [_CR, _LF, self.delimiter] + [self.quote] * self.doubles
        self.edge: Mask = np.isin(np.arange(256), edges)  # what a quote may touch on its outer side

    def split(self, body: bytes) -> list[bytes] | None:
        """The fields of a record without its line break; None where the grammar has no such record."""
        mark, delimiter = bytes([self.quote]), bytes([self.delimiter])
        if mark not in body:
            return body.split(delimiter)
        if not (match := self.record.match(body)) or match.end() < len(body):
            return None
        fields = self._field.findall(body + delimiter)
        return [self._unquoted(f[1:-1]) if f.startswith(mark) else f for f in fields]

    def _unquoted(self, inner: bytes) -> bytes:
        return self._escaped.sub(bytes([self.quote]) if self.doubles else rb"\1", inner)


@dataclass(frozen=True)
class Block:
    """Whole records in file order: record i is data[bounds[i]:bounds[i + 1]], begins on lines[i].

    plain: the strict grammar is proven for it.
    """

    data: bytes
    bounds: Offsets
    lines: Offsets
    plain: Mask

    def __len__(self) -> int:
        return len(self.lines)

    def record(self, i: int) -> bytes:
        return self.data[self.bounds[i] : self.bounds[i + 1]]

    def after(self, i: int) -> Block:
        """The block without its first i records."""
        return Block(self.data, self.bounds[i:], self.lines[i:], self.plain[i:])

    def pieces(self, size: int) -> Iterator[Block]:
        """The block in blocks of so many records at most."""
        for i in range(0, len(self), size):
            j = i + size
            yield Block(self.data, self.bounds[i : j + 1], self.lines[i:j], self.plain[i:j])


def cut(chunks: Iterable[bytes], grammar: Grammar, first_line: int = 1) -> Iterator[Block]:
    """Raises RefusedFileError (LINE_TOO_LONG) where a line exceeds the limit."""
    rest, line = b"", first_line
    for chunk in chain(chunks, (None,)):  # None: no more will come
        data = rest + (chunk or b"")
        view = np.frombuffer(data, np.uint8)
        ends = _line_ends(data, view, final=chunk is None)
        if len(ends):
            found = _by_quote_pairs(view, ends, grammar, final=chunk is None)
            bounds, first, plain = found or _by_line(data, view, ends, grammar, chunk is None)
            if len(first):
                yield Block(data, bounds, line + first, plain)
            rest = data[bounds[-1] :]
            line += int(np.searchsorted(ends, bounds[-1], "right"))
        else:
            rest = data
            if len(rest) > CARRY_LIMIT:
                raise RefusedFileError(
                    f"A {told(line)} passa de {CARRY_LIMIT >> 20} MB sem quebra de linha.",
                    hint="Confira se o arquivo é mesmo um CSV e se está na codificação do perfil.",
                    code="LINE_TOO_LONG",
                )


def _line_ends(data: bytes, view: Bytes, *, final: bool) -> Offsets:
    """The offset after each line break: LF, CRLF or a lone CR."""
    ends = np.flatnonzero(view == _LF) + 1
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        after = np.flatnonzero(view == _CR) + 1
        if not final and after[-1] == len(view):
            after = after[:-1]  # its LF may come yet
        ends = np.union1d(ends, after[view[np.minimum(after, len(view) - 1)] != _LF])
    if final and len(view) and (not len(ends) or ends[-1] < len(view)):
        ends = np.append(ends, len(view))
    return ends


_Records = tuple[Offsets, Offsets, Mask]  # bounds, index of each record's first line, plain


def _by_quote_pairs(
    view: Bytes, ends: Offsets, grammar: Grammar, *, final: bool
) -> _Records | None:
    """Proves a whole block: quotes, taken in turn, open after an edge and close before one.

    Then a line break ends a record exactly where an even number of quotes precedes it.
    """
    if not grammar.doubles and (view == grammar.escape).any():
        return None
    quotes = np.flatnonzero(view[: ends[-1]] == grammar.quote)
    opening, closing = quotes[::2], quotes[1::2]
    in_order = (
        grammar.edge[view[np.maximum(opening - 1, 0)]].all()
        and grammar.edge[view[np.minimum(closing + 1, len(view) - 1)]].all()
    )
    if not in_order or (final and len(quotes) % 2):
        return None
    last = _outside(quotes, ends)
    bounds = np.concatenate(([0], ends[last]))
    if len(view) - bounds[-1] > CARRY_LIMIT:
        return None
    return bounds, np.concatenate(([0], last[:-1] + 1))[: len(last)], np.full(len(last), True)


def _outside(quotes: Offsets, ends: Offsets) -> Offsets:
    """Which line breaks have an even number of quotes before them."""
    if len(quotes) < len(ends) and len(quotes) % 2 == 0:  # it is cheaper to look up what is few
        lines = np.searchsorted(ends, quotes, "right")
        if (lines[::2] == lines[1::2]).all():
            return np.arange(len(ends))
    return np.flatnonzero(np.searchsorted(quotes, ends) % 2 == 0)


def _by_line(data: bytes, view: Bytes, ends: Offsets, grammar: Grammar, final: bool) -> _Records:
    """Proves line by line; a line whose quotes are out of order is put to the grammar itself."""
    starts = np.concatenate(([0], ends[:-1]))
    count = len(ends)
    quotes = np.flatnonzero(view[: ends[-1]] == grammar.quote)
    before = np.searchsorted(quotes, starts)
    line_of = np.searchsorted(ends, quotes, "right")
    opening = (np.arange(len(quotes)) - before[line_of]) % 2 == 0
    outer = np.clip(np.where(opening, quotes - 1, quotes + 1), 0, len(view) - 1)
    astray = ~grammar.edge[view[outer]]
    odd = np.diff(np.append(before, len(quotes))) % 2 == 1
    doubtful = odd | (np.bincount(line_of[astray], minlength=count) > 0)
    if not grammar.doubles:
        escapes = np.flatnonzero(view[: ends[-1]] == grammar.escape)
        doubtful |= np.bincount(np.searchsorted(ends, escapes, "right"), minlength=count) > 0

    ends_record, used, free = np.full(count, True), count, 0
    for i in map(int, np.flatnonzero(doubtful)):
        if i < free:  # inside a record that began above
            continue
        start, stop, free = int(starts[i]), int(ends[-1]), i + 1
        if match := grammar.record.match(data, start, stop):
            last = int(np.searchsorted(ends, match.end()))
            ends_record[i:last] = False
            free = last + 1
        elif (
            not final
            and len(data) - start <= CARRY_LIMIT
            and grammar.unfinished.match(data, start, stop)
        ):
            used = i
            break
    last_lines = np.flatnonzero(ends_record[:used])
    first = np.concatenate(([0], last_lines[:-1] + 1))[: len(last_lines)]
    return np.concatenate(([0], ends[last_lines])), first, ~doubtful[first]
