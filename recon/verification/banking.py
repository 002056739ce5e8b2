"""The holidays of Brazil's banks, found by another way than the job's: the nation's and two that banks keep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import holidays

KEPT_BY_BANKS = ("Carnival", "Corpus Christi")


def bank_holidays(years: Iterable[int]) -> list[date]:
    wanted = list(years)
    public = holidays.country_holidays("BR", years=wanted)
    optional = holidays.country_holidays(
        "BR", years=wanted, categories=("optional",), language="en_US"
    )
    return sorted({*public, *(day for day, name in optional.items() if name in KEPT_BY_BANKS)})
