"""Money, numbers and dates as Brazilians write them. Exact: no float touches an amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from shared.currency import EXPONENTS
from shared.upload_key import TIME_ZONE

# Other currencies go by their code, which is never ambiguous and always ASCII.
_SYMBOLS = {"BRL": "R$", "USD": "US$"}


def number(value: int) -> str:
    """`1.234.567`"""
    return f"{value:,}".replace(",", ".")


def amount(minor: int, currency: str, *, grouped: bool = True) -> str:
    """Minor units without the currency's name: `-4.310,22`; for a CSV, not grouped: `-4310,22`."""
    exponent = EXPONENTS[currency]
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 10**exponent)
    decimals = f",{fraction:0{exponent}d}" if exponent else ""
    return f"{sign}{number(whole) if grouped else whole}{decimals}"


def money(minor: int, currency: str) -> str:
    """`R$ 4.310,22`, `-US$ 1,00`, `EUR 7,00`"""
    text = amount(abs(minor), currency)
    return f"{'-' if minor < 0 else ''}{_SYMBOLS.get(currency, currency)} {text}"


def percent(part: int, whole: int) -> str:
    """One decimal, rounded down: only all of it reads `100,0%`; nothing of nothing is all of it."""
    tenths = part * 1000 // whole if whole else 1000
    return f"{number(tenths // 10)},{tenths % 10}%"


def day(value: date) -> str:
    """`16/02/2026`"""
    return f"{value:%d/%m/%Y}"


def moment(value: datetime) -> str:
    """`16/02/2026 14:32:05`, on the clock of São Paulo"""
    return f"{value.astimezone(TIME_ZONE):%d/%m/%Y %H:%M:%S}"


def duration(seconds: float) -> str:
    """`0,4 s`, `12 s`, `3 min 5 s`, `2 h 0 min`"""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".", ",")
    minutes, left = divmod(round(seconds), 60)
    if not minutes:
        return f"{left} s"
    return f"{minutes} min {left} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def listed(items: Sequence[str], in_all: int | None = None) -> str:
    """`21`, `21 e 22`, `21, 22 e 23`; of more than are named, `21, 22 e mais 5`"""
    more = (in_all or 0) - len(items)
    *firsts, last = [*items, f"mais {number(more)}"] if more > 0 else items
    return f"{', '.join(firsts)} e {last}" if firsts else last


def count(value: int, one: str, many: str) -> str:
    """`1 lançamento`, `1.204 lançamentos`, `0 lançamentos`"""
    return f"{number(value)} {one if abs(value) == 1 else many}"
