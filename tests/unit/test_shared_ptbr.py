from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shared import ptbr
from shared.currency import EXPONENTS


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "BRL", "R$ 0,00"),
        (5, "BRL", "R$ 0,05"),
        (-5, "BRL", "-R$ 0,05"),
        (431022, "BRL", "R$ 4.310,22"),
        (-123456789, "BRL", "-R$ 1.234.567,89"),
        (100, "USD", "US$ 1,00"),
        (700, "EUR", "EUR 7,00"),
        (1234, "JPY", "JPY 1.234"),
        (1234567, "KWD", "KWD 1.234,567"),
        (1, "CLF", "CLF 0,0001"),
        (-(2**63), "BRL", "-R$ 92.233.720.368.547.758,08"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(
    minor: int, currency: str, text: str
) -> None:
    assert ptbr.money(minor, currency) == text


def test_an_amount_for_a_csv_has_no_thousands_points() -> None:
    assert ptbr.amount(-123456789, "BRL") == "-1.234.567,89"
    assert ptbr.amount(-123456789, "BRL", grouped=False) == "-1234567,89"
    assert ptbr.amount(-5, "BRL", grouped=False) == "-0,05"


def test_an_unknown_currency_is_refused_rather_than_guessed() -> None:
    with pytest.raises(KeyError):
        ptbr.money(1, "XXX")


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 1, "100,0%"),
        (99_999, 100_000, "99,9%"),
        (1, 3, "33,3%"),
        (0, 7, "0,0%"),
        (0, 0, "100,0%"),
        (11, 1, "1.100,0%"),
    ],
)
def test_a_percentage_is_rounded_down(part: int, whole: int, text: str) -> None:
    assert ptbr.percent(part, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0,0 s"),
        (9.94, "9,9 s"),
        (10, "10 s"),
        (12.4, "12 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (1200, "20 min 0 s"),
        (3600, "1 h 0 min"),
        (3660, "1 h 1 min"),
        (7200, "2 h 0 min"),
    ],
)
def test_a_duration_is_written_in_its_own_unit(seconds: float, text: str) -> None:
    assert ptbr.duration(seconds) == text


def test_a_moment_is_told_on_the_clock_of_sao_paulo() -> None:
    assert ptbr.moment(datetime(2026, 2, 17, 1, 30, 5, tzinfo=UTC)) == "16/02/2026 22:30:05"
    assert ptbr.day(date(2026, 2, 16)) == "16/02/2026"


def test_a_count_agrees_with_its_noun() -> None:
    counts = [ptbr.count(n, "lançamento", "lançamentos") for n in (0, 1, 1204)]
    assert counts == ["0 lançamentos", "1 lançamento", "1.204 lançamentos"]


def test_currencies_have_the_exponents_of_iso_4217() -> None:
    assert len(EXPONENTS) == 165
    assert {
        code: EXPONENTS[code] for code in ("BRL", "USD", "JPY", "CLP", "KWD", "CLF", "UGX", "ISK")
    } == {
        "BRL": 2,
        "USD": 2,
        "JPY": 0,
        "CLP": 0,
        "KWD": 3,
        "CLF": 4,
        "UGX": 0,
        "ISK": 0,
    }
