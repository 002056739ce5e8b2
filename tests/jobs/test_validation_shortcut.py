"""The bulk shortcut agrees with the definition, on dirty files cut anywhere."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.profile import Profile
from jobs.validation import shortcut
from jobs.validation.judgement import Reject, compared_as, judge
from jobs.validation.shortcut import SCHEMA
from shared.currency import EXPONENTS
from tests.jobs.validation_case import (
    GOOD,
    HEADER,
    lines,
    profile_of,
    reader_of,
    run,
    slow_records,
)

DEFAULT = profile_of()
SKIPPING = profile_of('skip_rows_where = { description = "^SALDO", kind = "x|^$" }')
BRAZILIAN = profile_of(
    'delimiter = ";"\ndecimal = ","\nthousands = "."\ndate_format = "%d/%m/%Y"',
    '{ column = "side", values = { RAZAO = "A", BANCO = "B", A = "A" } }',
)
CARDS = profile_of(columns='gross = "account"\nfee = "description"\nnet = "kind"')
VARIANT = profile_of(
    'skip_rows_where = { group_key = "^S", balance = "^$" }',
    columns="""group_key = ["lote", "account"]
balance = { column = ["saldo", "saldo (R$)"], optional = true }
currency = { column = "moeda", optional = true }
kind = { constant = "extrato" }""",
)
TWO_COLUMNS = profile_of(
    columns='amount = { debit = "description", credit = ["crédito", "kind"], sign = "inverse" }'
)
MARKED = profile_of(
    columns="""amount = { column = "description", mark = "kind", debit = ["-3", "x"], credit = ["0", "3"] }
fee = { column = "account", sign = "inverse" }"""
)
SHORT_YEAR = profile_of(
    'date_format = "%d/%m/%y"', columns='value_on = "description"\ncounterparty = "kind"'
)
FALLING_BACK = profile_of('encoding_fallback = "cp1252"')
EXTRACTING = profile_of(
    columns=r"""[extract]
reference = { from = "entry_id", pattern = "[a-zNã]*" }
kind = 'N(?P<value>. ?\d*)'
group_key = { from = "kind", pattern = '(?i)SÃO.|\s' }"""
)
ESCAPED = profile_of(r"escape = '\'", '"B"')

TEXTS = [
    *("", "NF 1020", "nf  1020 ", "São João", "a,b;c", "x\ny", "x\r\ny", 'say "hi"', "SALDO", "x"),
    *(
        " ",
        "\0",
        "\x1f",
        "\x85",
        "\u2003",
        "ß",
        "\\",
        "=1+1",
        "NULL",
        "\ufeff",
        "\t|",
        "~!",
        "a\x7f",
    ),
]
RARE = {
    "side": ["RAZAO", "BANCO", "", "a", "\ufeffA"],
    "date": [
        "16/02/2026",
        "2026-02-16",
        "2026-02-30",
        "31/12/1899",
        "2026-2-6",
        "２０２６-02-16",
        "",
    ],
    "amount": [
        "",
        "-",
        ".",
        "12\n",
        "１",
        " 1",
        "-.5",
        "5.",
        "+1",
        "1e5",
        "1.23,4",
        "0,0001",
        "9" * 19,
    ],
    "currency": ["USD", "JPY", "KWD", "CLF", "brl", "XXX", ""],
}
PLAIN = [
    *(
        "10.00",
        "-3",
        "1.5",
        "007",
        "-0",
        "0.001",
        "9" * 14,
        "9" * 15,
        "9" * 18,
        "92233720368547758.07",
    ),
]
GROUPED = [
    *("1,500.00", "999,999,999,999.99", "999,999,999,999,999.99", "9,999,999,999,999,999,999.99"),
]


def mostly(good: str, rare: str) -> st.SearchStrategy[str]:
    return st.integers(0, 15).flatmap(
        lambda n: st.sampled_from(RARE[rare]) if not n else st.just(good)
    )


def fields_of(profile: Profile) -> st.SearchStrategy[tuple[str, ...]]:
    """Rows of which about half are entries."""
    brazilian = profile is BRAZILIAN
    swap = str.maketrans(".,", ",." if brazilian else ".,")
    amounts = [amount.translate(swap) for amount in (PLAIN, PLAIN + GROUPED)[brazilian]]
    others = st.sampled_from(TEXTS)
    if profile in (CARDS, TWO_COLUMNS, MARKED):
        others = st.sampled_from(["", "", "10.00", "3", "7.00", "0", "-3", "x", "1.001", "9" * 16])
    day = "16/02/2026" if brazilian else "2026-02-16"
    if profile is SHORT_YEAR:
        day = "16/02/26"
        others = st.sampled_from(["", "31/12/68", "01/01/69", "30/02/26", "16/02/2026", "x"])
    texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=4))
    return st.tuples(
        mostly("A", "side"),
        texts,
        others,
        mostly(day, "date"),
        st.sampled_from(amounts).flatmap(lambda amount: mostly(amount, "amount")),
        mostly("BRL", "currency"),
        texts,
        others,
        others,
    )


def written(fields: tuple[str, ...], quoted: set[int], profile: Profile) -> bytes:
    """Quoted where it must be, and elsewhere at will."""
    csv = profile.csv
    special = {csv.quote, csv.escape, csv.delimiter, "\r", "\n"}
    row = []
    for i, field in enumerate(fields):
        inner = field.replace(csv.escape, csv.escape * 2)
        if csv.escape != csv.quote:
            inner = inner.replace(csv.quote, csv.escape + csv.quote)
        must = i in quoted or special & set(field)
        row.append(csv.quote + inner + csv.quote if must else field)
    return csv.delimiter.join(row).encode("utf-8", "surrogatepass")


@st.composite
def dirty_files(draw: st.DrawFn, profile: Profile) -> bytes:
    good = GOOD
    if profile is BRAZILIAN:
        good = "A;E1;1;16/02/2026;10,00;BRL;NF 1;Venda;venda"
    if profile is SHORT_YEAR:
        good = "A,E1,1,16/02/26,10.00,BRL,NF 1,17/02/26,Fulana"
    if profile is TWO_COLUMNS:
        good = "A,E1,,2026-02-16,,BRL,NF 1,-10.00,0"
    if profile is MARKED:
        good = "A,E1,,2026-02-16,,BRL,NF 1,10.00,x"
    if profile is CARDS:
        good = "A,E1,10.00,2026-02-16,10.00,BRL,NF 1,0.50,9.50"
    rows = [HEADER.replace(",", profile.csv.delimiter).encode(), good.encode()]
    for _ in range(draw(st.integers(0, 8))):
        row = written(
            draw(fields_of(profile)), draw(st.sets(st.integers(0, 8), max_size=3)), profile
        )
        match draw(st.integers(0, 9)):
            case 0:
                at = draw(st.integers(0, len(row)))
                dirt = draw(
                    st.sampled_from(
                        [b'"', b",", b";", b"\\", b"\xff", b"\xed\xa0\x80", b"\xe7\x81", b"\r"]
                    )
                )
                row = row[:at] + dirt + row[at:]
            case 1:
                row = row[: draw(st.integers(0, len(row)))]
        rows.append(row)
    ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
    return b"".join(row + draw(ends) for row in rows) + draw(st.sampled_from([b"", b"A,", b'"']))


def by_definition(data: bytes, profile: Profile) -> tuple[list[Any], list[Any], int]:
    reader = reader_of(profile)
    _header, *records = slow_records(data, profile.csv)
    verdicts = [judge(record, line, reader) for line, record in records]
    entries = [{name: v[name] for name in SCHEMA.names} for v in verdicts if isinstance(v, dict)]
    rejects = [dataclasses.asdict(v) for v in verdicts if isinstance(v, Reject)]
    return entries, rejects, verdicts.count(None)


PROFILES = st.sampled_from(
    [
        *(DEFAULT, SKIPPING, BRAZILIAN, ESCAPED, CARDS, VARIANT, TWO_COLUMNS, MARKED, SHORT_YEAR),
        FALLING_BACK,
    ]
)
CASES = PROFILES.flatmap(lambda profile: st.tuples(st.just(profile), dirty_files(profile)))


@settings(max_examples=300, deadline=None)
@given(CASES, st.sampled_from([1, 40, 97, 150, 4 << 20, 4 << 20]))
def test_any_dirty_file_in_any_pieces_becomes_what_judge_says_of_each_record(
    tmp_path_factory, case, chunk
):
    profile, data = case
    entries, rejects, skipped = by_definition(data, profile)
    if not entries:
        assert profile is SKIPPING or profile is VARIANT
        return  # refused as a whole: nothing was entered
    found = run(data, Path(tmp_path_factory.getbasetemp()) / "shortcut", profile, chunk=chunk)
    assert found.entries == entries
    assert found.rejects == rejects
    figures = found.figures
    assert (figures.skipped, figures.header) == (skipped, 1)
    assert figures.lines == 1 + skipped + len(entries) + len(rejects)
    assert sum(figures.codes.values()) == figures.rejected == len(rejects)


def test_the_shortcut_enters_what_is_plain_by_itself(monkeypatch, tmp_path: Path):
    """Else the property above could hold with a shortcut that never enters anything."""

    def never(record: bytes, *_: object) -> None:
        raise AssertionError(record)

    monkeypatch.setattr("jobs.validation.sorting.judge", never)
    rows = [GOOD, 'B,"E,2",,2026-02-17,-3,JPY,"São\n ""João""",x,', "", GOOD.replace("A", "B")]
    found = run("\n".join((HEADER, *rows)).encode(), tmp_path)
    (dated,) = run(lines("A,,,01/01/69,1,,,31/12/68,Fulana"), tmp_path, SHORT_YEAR).entries
    assert (dated["posted_on"], dated["value_on"]) == (date(1969, 1, 1), date(2068, 12, 31))
    assert dated["counterparty"] == "Fulana"
    in_fallback = run(f"{HEADER}\n{GOOD}ção\n".encode("cp1252"), tmp_path, FALLING_BACK)
    assert in_fallback.entries[0]["kind"] == "vendação"
    assert [row["line_no"] for row in found.entries] == [2, 3, 6]
    assert found.entries[1]["reference_norm"] == 'SAO "JOAO"'
    assert found.entries[1]["amount"] == -3


def test_lines_of_another_kind_of_file_need_no_look_at_each(monkeypatch, tmp_path: Path):
    """What is then said of them is in the property above."""

    def never(record: bytes, *_: object) -> None:
        raise AssertionError(record)

    monkeypatch.setattr("jobs.validation.sorting.judge", never)
    found = run(lines("x", GOOD, "a;é", ",," + GOOD), tmp_path)
    assert found.codes == dict.fromkeys((2, 4, 5), "FIELD_COUNT")
    in_fallback = run(f"{HEADER}\n{GOOD}\nação\n".encode("cp1252"), tmp_path, FALLING_BACK)
    assert [row["raw_value"] for row in in_fallback.rejects] == ["ação"]


@pytest.mark.parametrize(
    "irregular", [" NF 1", "NF 1 ", "NF  1", "", " ", "NF\t1", "NF\x7f", "NFé", "ＮＦ"]
)
def test_a_reference_is_normalised_as_the_definition_does_wherever_it_stands(
    irregular: str,
) -> None:
    """Also in a part of a larger column, and beside nulls; in a column where all are regular, by another way."""
    regular, normal = ["nf 1", None, "NF-2/a b c", "~!"], ["NF-2/A B C", None, "~!"]
    for texts in ([irregular, *regular], [*normal, irregular], regular, normal, [None], []):
        column = pa.array([irregular, *texts, irregular], pa.string()).slice(1, len(texts))
        expected = [compared_as(text) for text in texts]
        assert shortcut._compared_as(column).to_pylist() == expected


WITH_DECIMALS = st.from_regex(r"-?[0-9]{1,7}\.[0-9]{2}", fullmatch=True)
NEARLY = st.text("0019.-,+ex ", max_size=8)


@settings(deadline=None)
@given(
    st.lists(st.one_of(WITH_DECIMALS, NEARLY), min_size=1, max_size=6)
    | st.lists(WITH_DECIMALS, min_size=1, max_size=6),
    st.sampled_from(["BRL", "KWD"]),
)
def test_amounts_with_all_their_decimals_are_read_on_their_bytes_as_the_definition_reads_them(
    texts: list[str], currency: str
) -> None:
    """Also in a part of a larger column."""
    exponent = EXPONENTS[currency]
    written = [text + "0" * (exponent - 2) for text in texts]
    column = pa.array(["-0.5", *written, "1"], pa.string()).slice(1, len(texts))
    found = shortcut._plain_amounts(column, exponent, reader_of(DEFAULT))
    if found is not None:
        assert found.to_pylist() == [reader_of(DEFAULT).amount(text, exponent) for text in written]
    elif all(re.fullmatch(r"-?\d{1,7}\.\d{2}", text) for text in texts):
        raise AssertionError("what is plain is left to the dearer way")


@pytest.mark.parametrize("text", [None, "", "1", "1.0", "1.000", ".10", "-.10", "--1.10", "1-1.10"])
def test_one_amount_that_is_not_plain_leaves_all_to_the_other_way(text: str | None) -> None:
    for texts in ([text, "1.00"], ["1.00", text]):
        column = pa.array(texts, pa.string())
        assert shortcut._plain_amounts(column, 2, reader_of(DEFAULT)) is None
