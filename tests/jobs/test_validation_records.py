"""Where records begin and end, against a reader that looks at one byte at a time."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.profile import Csv
from jobs.validation import records
from jobs.validation.records import Grammar, cut
from jobs.validation.refusal import RefusedFileError
from tests.jobs.validation_case import slow_end, slow_records

DIALECTS = [Csv(), Csv(delimiter=";", quote="'", escape="'"), Csv(escape="\\")]
PIECES = [b'"', b"'", b",", b";", b"\\", b"\n", b"\r\n", b"\r", b"a", b" ", b"\xc3\xa9", b"\0"]

LINES = [
    *(b"plain,line\n", b"\n", b'a,"b",c\n', b'"x\ny",z\r\n', b'"a ""b""",c\n', b'5" x 3",y\n'),
    *(b'stray" quote,z\n', b'"open,z\n', b'""\r', b'"a"b,c\n', b'x"a,b",c\n'),
]


def cut_records(data: bytes, csv: Csv, sizes: list[int]) -> list[tuple[int, bytes]]:
    chunks, at = [], 0
    for i in range(len(data)):
        chunks.append(data[at : at + sizes[i % len(sizes)]])
        at += len(chunks[-1])
    return [
        (int(block.lines[i]), block.record(i))
        for block in cut(chunks, Grammar(csv))
        for i in range(len(block))
    ]


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join),
    st.sampled_from(DIALECTS),
    st.lists(st.integers(1, 30), min_size=1, max_size=3),
)
def test_any_bytes_in_any_pieces_are_cut_as_one_byte_at_a_time(data, csv, sizes):
    assert cut_records(data, csv, sizes) == slow_records(data, csv)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), max_size=25).map(b"".join),
    st.lists(st.integers(1, 80), min_size=1, max_size=3),
)
def test_lines_that_are_mostly_right_are_cut_as_one_byte_at_a_time(data, sizes):
    assert cut_records(data, Csv(), sizes) == slow_records(data, Csv())


def test_records_of_proven_grammar_are_plain_and_a_stray_quote_spoils_its_own_line_only():
    data = b'a,"b\nc"\nd,5" tubo\ne,"f"\n'
    (block,) = cut([data], Grammar(Csv()))
    assert [block.record(i) for i in range(len(block))] == [
        b'a,"b\nc"\n',
        b'd,5" tubo\n',
        b'e,"f"\n',
    ]
    assert block.lines.tolist() == [1, 3, 4]
    assert block.plain.tolist() == [False, False, True]
    (proven,) = cut([b'a,"b\nc"\ne,"f"\n'], Grammar(Csv()))
    assert proven.plain.tolist() == [True, True]


def test_a_quote_that_is_never_closed_costs_one_line_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(records, "CARRY_LIMIT", 1000)
    data = b'a\n"open\n' + b"x,y\n" * 2000
    lines = cut_records(data, Csv(), [97])
    assert lines[:3] == [(1, b"a\n"), (2, b'"open\n'), (3, b"x,y\n")]
    assert len(lines) == 2002


def test_a_line_break_is_outside_quotes_where_an_even_number_precedes_it():
    """Of all texts so short, those where quotes are few and those where they are many."""
    for signs in itertools.chain.from_iterable(
        itertools.product('"\n', repeat=n) for n in range(11)
    ):
        quotes = np.flatnonzero(np.array(signs) == '"')
        ends = np.flatnonzero(np.array(signs) == "\n") + 1
        outside = [i for i, end in enumerate(ends) if "".join(signs[:end]).count('"') % 2 == 0]
        assert records._outside(quotes, ends).tolist() == outside


def test_a_line_beyond_the_limit_is_refused_by_its_number(monkeypatch):
    monkeypatch.setattr(records, "CARRY_LIMIT", 1 << 20)
    with pytest.raises(RefusedFileError, match="A linha 2 passa de 1 MB") as refused:
        list(cut([b"a\n", *[b"x" * 100_000] * 12], Grammar(Csv())))
    assert refused.value.error_code == "LINE_TOO_LONG"


def test_nothing_makes_the_grammar_look_at_a_byte_often():
    """Every prefix of such text could start a record: a backtracking pattern takes ages."""
    grammar = Grammar(Csv())
    texts = [b'"' * 50_001, b'a"' * 50_001, b'"",' * 30_000 + b'"', b'x"y"' * 30_000 + b'"']
    shuffled = bytearray(b'",a' * 30_000)
    random.Random(1).shuffle(shuffled)
    for text in [*texts, bytes(shuffled)]:
        assert (grammar.split(text) is None) == (slow_end(text, 0, Csv()) != len(text))
