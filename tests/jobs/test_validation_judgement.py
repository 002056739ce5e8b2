"""One record at a time: what it is, and what is said of it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from jobs.validation.judgement import Reject, compared_as, judge, normalised
from tests.jobs.validation_case import GOOD, profile_of, reader_of

DEFAULT = reader_of(profile_of())
BRAZILIAN = reader_of(
    profile_of('delimiter = ";"\ndecimal = ","\nthousands = "."\ndate_format = "%d/%m/%Y"')
)


def entry(record: str | bytes, reader=DEFAULT):
    found = judge(record if isinstance(record, bytes) else record.encode(), 7, reader)
    assert isinstance(found, dict), found
    return found


def reject(record: str | bytes, reader=DEFAULT) -> Reject:
    found = judge(record if isinstance(record, bytes) else record.encode(), 7, reader)
    assert isinstance(found, Reject), found
    return found


def amount(text: str, currency: str = "BRL", reader=DEFAULT):
    """The minor units, or the code of the reject."""
    sign = chr(reader.grammar.delimiter)
    day = "16/02/2026" if reader is BRAZILIAN else "2026-02-16"
    quoted = text.replace('"', '""')
    found = judge(
        sign.join(("A", "", "", day, f'"{quoted}"', currency, "", "", "")).encode(), 7, reader
    )
    return found.code if isinstance(found, Reject) else found["amount"]


def test_a_record_becomes_an_entry_with_its_line_and_typed_values():
    assert entry("B,E1,0001,2026-02-16,-10.5,USD, nf  1,Venda,\r\n") == {
        "line_no": 7,
        "side": "B",
        "entry_id": "E1",
        "account": "0001",
        "posted_on": date(2026, 2, 16),
        "amount": -1050,
        "currency": "USD",
        "reference": " nf  1",
        "reference_norm": "NF 1",
        "description": "Venda",
        "kind": None,
        **dict.fromkeys(("value_on", "counterparty", "group_key")),
        **dict.fromkeys(("gross", "fee", "net", "balance")),
    }


@pytest.mark.parametrize("blank", ["", "\n", "\r\n", "\r"])
def test_a_blank_line_is_nothing(blank: str):
    assert judge(blank.encode(), 1, DEFAULT) is None


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("1500.00", "BRL", 150000),
        ("1500", "BRL", 150000),
        ("0.1", "BRL", 10),
        ("-0.01", "BRL", -1),
        ("-0", "BRL", 0),
        ("007", "BRL", 700),
        ("150", "JPY", 150),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
        ("10", "", 1000),
        ("92233720368547758.07", "BRL", 2**63 - 1),
        ("-92233720368547758.08", "BRL", -(2**63)),
        ("0" * 5000 + "1", "BRL", 100),
        ("92233720368547758.08", "BRL", "AMOUNT_FORMAT"),
        ("-92233720368547758.09", "BRL", "AMOUNT_FORMAT"),
        ("12345678901234567890", "BRL", "AMOUNT_FORMAT"),
        ("9" * 5000, "BRL", "AMOUNT_FORMAT"),
        ("1.234", "BRL", "AMOUNT_SCALE"),
        ("1.000", "BRL", "AMOUNT_SCALE"),
        ("150.5", "JPY", "AMOUNT_SCALE"),
        ("", "BRL", "REQUIRED_EMPTY"),
        ("1,500.00", "BRL", "AMOUNT_FORMAT"),
        ("1.500,00", "BRL", "AMOUNT_FORMAT"),
        ("+5", "BRL", "AMOUNT_FORMAT"),
        ("--5", "BRL", "AMOUNT_FORMAT"),
        ("5-", "BRL", "AMOUNT_FORMAT"),
        ("(5)", "BRL", "AMOUNT_FORMAT"),
        (".5", "BRL", "AMOUNT_FORMAT"),
        ("5.", "BRL", "AMOUNT_FORMAT"),
        ("1e2", "BRL", "AMOUNT_FORMAT"),
        ("1_000", "BRL", "AMOUNT_FORMAT"),
        ("0x10", "BRL", "AMOUNT_FORMAT"),
        (" 5", "BRL", "AMOUNT_FORMAT"),
        ("5\n", "BRL", "AMOUNT_FORMAT"),
        ("nan", "BRL", "AMOUNT_FORMAT"),
        ("１２", "BRL", "AMOUNT_FORMAT"),
        ("٣", "BRL", "AMOUNT_FORMAT"),
        ("R$ 5", "BRL", "AMOUNT_FORMAT"),
        ("=1+1", "BRL", "AMOUNT_FORMAT"),
        ("5\0", "BRL", "AMOUNT_FORMAT"),
    ],
)
def test_an_amount_is_read_exactly_or_rejected(text: str, currency: str, units: int | str):
    assert amount(text, currency) == units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1.234,56", 123456),
        ("1234,56", 123456),
        ("1.234.567", 123456700),
        ("-0,5", -50),
        ("1.5", "AMOUNT_FORMAT"),
        ("1.234.56", "AMOUNT_FORMAT"),
        ("1234.567,00", "AMOUNT_FORMAT"),
        ("12.34,56", "AMOUNT_FORMAT"),
        ("1,234", "AMOUNT_SCALE"),
        ("1,234.56", "AMOUNT_FORMAT"),
        (".123,00", "AMOUNT_FORMAT"),
    ],
)
def test_a_thousands_sign_stands_where_it_belongs_or_nowhere(text: str, units: int | str):
    assert amount(text, reader=BRAZILIAN) == units


def test_other_amounts_are_optional_and_net_is_gross_less_fee_where_all_are_given():
    columns = 'gross = "account"\nfee = "description"\nnet = "kind"\nbalance = "reference"'
    cards = reader_of(profile_of(columns=columns))
    found = entry("A,,100.00,2026-02-16,97.01,BRL,-5,2.99,97.01", cards)
    assert [found[n] for n in ("gross", "fee", "net", "balance")] == [10000, 299, 9701, -500]
    assert entry("A,,100.00,2026-02-16,97.01,BRL,,,97.00", cards)["fee"] is None
    wrong = reject("A,,100.00,2026-02-16,97.01,BRL,,2.99,97.00", cards)
    assert (wrong.code, wrong.column, wrong.raw_value) == (
        "NET_NOT_GROSS_MINUS_FEE",
        "kind",
        "97.00",
    )
    assert reject("A,,100.00,2026-02-16,97.01,BRL,,2.999,", cards).code == "AMOUNT_SCALE"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "DATE_RANGE"),
        ("2026-13-01", "DATE_RANGE"),
        ("2026-00-10", "DATE_RANGE"),
        ("0026-02-16", "DATE_RANGE"),
        ("9999-12-31", "DATE_RANGE"),
        ("2026-2-16", "DATE_FORMAT"),
        ("26-02-16", "DATE_FORMAT"),
        ("16/02/2026", "DATE_FORMAT"),
        (" 2026-02-16", "DATE_FORMAT"),
        ("2026-02-16 ", "DATE_FORMAT"),
        ("2026-02-16 10:00", "DATE_FORMAT"),
        ("２０２６-02-16", "DATE_FORMAT"),
        ("", "REQUIRED_EMPTY"),
    ],
)
def test_a_date_has_the_declared_format_and_exists(text: str, code: str):
    found = reject(f"A,,,{text},1,,,,")
    assert (found.code, found.column, found.raw_value) == (code, "posted_on", text)


def test_a_declared_time_of_day_must_exist_and_is_not_kept():
    reader = reader_of(profile_of('date_format = "%d/%m/%Y %H:%M:%S"'))
    assert entry("A,,,16/02/2026 23:59:59,1,,,,", reader)["posted_on"] == date(2026, 2, 16)
    assert reject("A,,,16/02/2026 24:00:00,1,,,,", reader).code == "DATE_RANGE"


def test_a_year_of_two_digits_is_of_this_century_up_to_68_and_of_the_last_from_69():
    reader = reader_of(profile_of('date_format = "%d/%m/%y"'))
    for year in range(100):
        day = f"16/02/{year:02}"
        expected = datetime.strptime(day, "%d/%m/%y").date()  # noqa: DTZ007 - a day has no zone
        assert entry(f"A,,,{day},1,,,,", reader)["posted_on"] == expected
    wrong = reject("A,,,16/02/2026,1,,,,", reader)
    assert (wrong.code, "formato dd/mm/aa (" in wrong.message) == ("DATE_FORMAT", True)
    assert reject("A,,,30/02/26,1,,,,", reader).code == "DATE_RANGE"


def test_a_value_date_is_optional_and_a_date_where_it_is_given():
    reader = reader_of(profile_of(columns='value_on = "description"\ncounterparty = "kind"'))
    found = entry("A,,,2026-02-16,1,,,2026-02-18,Fulana", reader)
    assert (found["value_on"], found["counterparty"]) == (date(2026, 2, 18), "Fulana")
    assert entry("A,,,2026-02-16,1,,,,", reader)["value_on"] is None
    for text, code in (("18/02/2026", "DATE_FORMAT"), ("2026-02-30", "DATE_RANGE")):
        wrong = reject(f"A,,,2026-02-16,1,,,{text},", reader)
        assert (wrong.code, wrong.column, wrong.raw_value) == (code, "description", text)


@pytest.mark.parametrize("side", ["a", "C", "A ", "AB", "Ａ"])
def test_a_side_is_one_of_the_declared_words_exactly(side: str):
    assert reject(f"{side},,,2026-02-16,1,,,,").code == "SIDE_UNKNOWN"


def test_a_side_may_be_written_in_the_files_own_words():
    words = '{ column = "side", values = { RAZAO = "A", BANCO = "B" } }'
    reader = reader_of(profile_of(side=words))
    assert entry("BANCO,,,2026-02-16,1,,,,", reader)["side"] == "B"
    assert (
        "não é um lado conhecido (RAZAO, BANCO)" in reject("A,,,2026-02-16,1,,,,", reader).message
    )


def test_a_side_may_be_the_whole_files():
    assert entry("x,,,2026-02-16,1,,,,", reader_of(profile_of(side='"B"')))["side"] == "B"


@pytest.mark.parametrize("currency", ["brl", "R$", "XXX", "REAL", " BRL"])
def test_a_currency_is_an_iso_code_exactly(currency: str):
    assert reject(f"A,,,2026-02-16,1,{currency},,,").code == "CURRENCY_UNKNOWN"


@pytest.mark.parametrize("fields", ["A,,,2026-02-16,1,,,", "A,,,2026-02-16,1,,,,,", "A"])
def test_a_missing_or_extra_field_is_never_shifted(fields: str):
    found = reject(fields)
    assert (found.code, found.column, found.raw_value) == ("FIELD_COUNT", None, fields)


@pytest.mark.parametrize(
    ("fields", "told"), [("A", "1 campo, e o cabeçalho 9"), ("A,B", "2 campos, e o cabeçalho 9")]
)
def test_how_many_fields_there_are_is_told_in_the_right_number(fields: str, told: str):
    assert reject(fields).message == f"linha 7: o registro tem {told} (FIELD_COUNT)"


def test_what_is_not_printable_is_kept_in_the_raw_value_and_not_in_the_message():
    found = reject(GOOD.replace("10.00", "1\x1b[31m\u202e2"))
    assert found.raw_value == "1\x1b[31m\u202e2"
    assert ': "1\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}2" não é' in found.message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"a,b"', "a,b"),
        ('"a ""b"" c"', 'a "b" c'),
        ('"a\nb\r\nc"', "a\nb\r\nc"),
        ('""', None),
        ('""""', '"'),
        ('peça 5" x 3" aço', 'peça 5" x 3" aço'),
        (' "a"', ' "a"'),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("a\0b", "a\0b"),
        ("\ufeffa", "\ufeffa"),
    ],
)
def test_text_may_hold_anything_that_is_quoted_rightly(written: str, read: str | None):
    assert entry(f"A,,,2026-02-16,1,,,{written},")["description"] == read


@pytest.mark.parametrize("written", ['tubo 5" aço', '"a"b', '"a" ', 'x"a,b"', '"a', 'a"', '"a"b"'])
def test_a_stray_quote_is_a_reject_of_its_record(written: str):
    assert reject(f"A,,,2026-02-16,1,,,{written},").code == "UNBALANCED_QUOTE"


def test_another_escape_than_the_quote_works_inside_quotes_only():
    reader = reader_of(profile_of(r"escape = '\'"))
    assert entry(r'A,,,2026-02-16,1,,\x,"a \"b\" \\",', reader)["description"] == r'a "b" ' + "\\"
    assert entry(r"A,,,2026-02-16,1,,\x,,", reader)["reference"] == r"\x"
    assert reject('A,,,2026-02-16,1,,,"a ""b",', reader).code == "UNBALANCED_QUOTE"


def test_bytes_that_are_no_text_are_a_reject_that_shows_them():
    found = reject(b"A,,,2026-02-16,1,,,caf\xe9,")
    assert (found.code, found.raw_value) == ("ENCODING", r"A,,,2026-02-16,1,,,caf\xe9,")
    assert found.message == "linha 7: há bytes que não são texto em utf-8 (ENCODING)"


def test_rows_that_the_profile_skips_are_nothing_even_when_wrong():
    reader = reader_of(profile_of("skip_rows_where = { description = '^SALDO' }"))
    assert judge(b"A,,,,,,,SALDO FINAL,", 1, reader) is None
    assert isinstance(judge(b"A,,,,,,,saldo,", 1, reader), Reject)


def test_a_message_names_line_column_value_and_format():
    found = judge(GOOD.replace("10.00", "1.234.56").encode(), 1204, DEFAULT)
    assert isinstance(found, Reject)
    assert found.message == (
        'linha 1.204, coluna "amount": "1.234.56" não é um valor no formato 1234.56 (AMOUNT_FORMAT)'
    )
    assert found.side == "A"


def test_a_message_stays_on_one_line_and_short_whatever_the_value():
    found = reject('A,,,2026-02-16,1,"' + "x\n\0\u202e" * 1000 + '",,,')
    assert "\n" not in found.message
    assert len(found.message) < 200
    assert len(found.raw_value) == 1000


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("NF 1020", "NF 1020"),
        ("  nf \t 1020\n", "NF 1020"),
        ("São João", "SAO JOAO"),
        ("Straße", "STRASSE"),
        ("00123", "00123"),
        ("NF-1/2", "NF-1/2"),
        ("\xa0NF\u20031", "NF 1"),
        ("ﬁ", "FI"),
        (" \t ", None),
        ("", None),
        (None, None),
    ],
)
def test_references_are_compared_without_case_accents_and_superfluous_blanks(text, norm):
    assert normalised(text) == norm


@pytest.mark.parametrize("text", [None, "NF 1", "nf 1", "São", " ", "", "\u0301"])
def test_what_a_reference_is_compared_as_is_written_where_it_is_another_text(text: str | None):
    written = compared_as(text)
    assert written != text or text in (None, "")
    assert (text if written is None else written or None) == normalised(text)


TWO_COLUMNS = reader_of(profile_of(columns='amount = { debit = "description", credit = "kind" }'))
MARKED = reader_of(
    profile_of(
        columns="""amount = { column = "amount", mark = "kind", debit = ["D"], credit = ["C", "CR"] }"""
    )
)


@pytest.mark.parametrize(
    ("debit", "credit", "units"),
    [
        ("10.00", "", -1000),
        ("-10.00", "", -1000),
        ("", "10.00", 1000),
        ("0.00", "10.00", 1000),
        ("10.00", "0", -1000),
        ("0", "0", 0),
        ("", "", ("description", "REQUIRED_EMPTY")),
        ("1", "1", ("description", "AMOUNT_FORMAT")),
        ("x", "", ("description", "AMOUNT_FORMAT")),
        ("", "1.001", ("kind", "AMOUNT_SCALE")),
        ("", "-1", ("kind", "AMOUNT_FORMAT")),
    ],
)
def test_an_amount_may_be_a_debit_in_one_column_or_a_credit_in_another(debit, credit, units):
    found = judge(f"A,,,2026-02-16,,BRL,,{debit},{credit}".encode(), 7, TWO_COLUMNS)
    told = (found.column, found.code) if isinstance(found, Reject) else found["amount"]
    assert told == units


@pytest.mark.parametrize(
    ("text", "mark", "units"),
    [
        ("10.00", "D", -1000),
        ("-10.00", "D", -1000),
        ("10.00", "C", 1000),
        ("10.00", "CR", 1000),
        ("-10.00", "C", ("amount", "AMOUNT_FORMAT")),
        ("10.00", "d", ("kind", "AMOUNT_FORMAT")),
        ("10.00", "", ("kind", "REQUIRED_EMPTY")),
        ("", "D", ("amount", "REQUIRED_EMPTY")),
    ],
)
def test_an_amounts_direction_may_be_another_columns_mark(text, mark, units):
    found = judge(f"A,,,2026-02-16,{text},BRL,,,{mark}".encode(), 7, MARKED)
    told = (found.column, found.code) if isinstance(found, Reject) else found["amount"]
    assert told == units


def test_a_mark_that_is_none_is_told_with_those_that_are():
    told = reject("A,,,2026-02-16,1,BRL,,,x", MARKED).message
    assert (
        told == 'linha 7, coluna "kind": "x" não é uma marca conhecida (D, C, CR) (AMOUNT_FORMAT)'
    )


def test_an_inverse_sign_is_turned_round_and_fee_and_net_are_checked_after_it():
    reader = reader_of(
        profile_of(
            columns="""amount = { column = "amount", sign = "inverse" }
gross = "account"
fee = { column = "description", sign = "inverse" }
net = "kind\""""
        )
    )
    found = entry("A,,10.00,2026-02-16,10.00,BRL,,-0.50,9.50", reader)
    assert (found["amount"], found["gross"], found["fee"], found["net"]) == (-1000, 1000, 50, 950)
    assert reject("A,,10.00,2026-02-16,10.00,BRL,,0.50,9.50", reader).column == "kind"
    lowest = "-92233720368547758.08"
    assert reject(f"A,,,2026-02-16,{lowest},BRL,,,", reader).code == "AMOUNT_FORMAT"


E2E = "E00416968202602161430abcDEF12345"


@pytest.mark.parametrize(
    ("own", "text", "read"),
    [
        ("", f"PIX recebido {E2E} Fulano", E2E),
        ("", f"{E2E} D{E2E[1:]}", E2E),
        ("", "PIX recebido E0041696820260216", None),
        ("", "", None),
        ("NSU 1", f"PIX {E2E}", "NSU 1"),
    ],
)
def test_an_empty_column_is_filled_by_a_patterns_first_match_in_another(own, text, read):
    reader = reader_of(profile_of(columns="[extract]\nentry_id = '[ED][0-9]{20}[0-9A-Za-z]{11}'"))
    assert entry(f"A,{own},,2026-02-16,1,BRL,,{text},", reader)["entry_id"] == read


def test_a_named_group_is_what_is_extracted_and_a_reference_is_normalised_after_it():
    reader = reader_of(
        profile_of(
            columns="""[extract]
reference = { from = "kind", pattern = '(?i)doc\\.? *(?P<value>\\w+ ?\\w*)' }"""
        )
    )
    found = entry("A,,,2026-02-16,1,BRL,,,Pagto doc. nf 12", reader)
    assert (found["reference"], found["reference_norm"]) == ("nf 12", "NF 12")


def test_a_record_that_is_no_utf_8_is_read_in_the_declared_fallback_only():
    fallback = reader_of(profile_of('encoding_fallback = "cp1252"'))
    record = "A,,,2026-02-16,1,BRL,,São – João,".encode("cp1252")
    assert entry(record, fallback)["description"] == "São – João"
    assert entry(record.decode("cp1252").encode(), fallback)["description"] == "São – João"
    assert reject(record).code == "ENCODING"
    neither = reject(record.replace(b"\xe3", b"\x81"), fallback)
    assert (
        neither.message == "linha 7: há bytes que não são texto em utf-8 nem em cp1252 (ENCODING)"
    )
