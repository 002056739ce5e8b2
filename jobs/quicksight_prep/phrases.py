"""What the report says, in Portuguese and in English; the page's script reads the same phrases.

A thing to be said is data, not text, until the language is known: `("amount_differs", Money(5, "BRL"))`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from shared import ptbr
from shared.currency import EXPONENTS
from shared.lines import in_reference, line_of_file
from shared.upload_key import TIME_ZONE

Language = Literal["pt", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_SCALES = (  # from, divided by, in Portuguese, in English
    (10**12, 10**12, "tri", "T"),
    (10**9, 10**9, "bi", "B"),
    (10**6, 10**6, "mi", "M"),
    (10**4, 10**3, "mil", "k"),
)
_ENGLISH_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class Money:
    minor: int
    currency: str


@dataclass(frozen=True)
class Short:
    """Money in few letters, for a chart: `253 mil`, `-1,2 mi`, signed `+253 mil`."""

    minor: int
    currency: str
    signed: bool = False


@dataclass(frozen=True)
class Duration:
    seconds: float


@dataclass(frozen=True)
class ShortDay:
    """`16/02`, `16 Feb`"""

    day: date


@dataclass(frozen=True)
class Percent:
    part: int
    whole: int

    @property
    def floored(self) -> float:
        """The figure that is shown, as a number: a spreadsheet would round 99,96% to all of it."""
        return (self.part * 1000 // self.whole if self.whole else 1000) / 1000


@dataclass(frozen=True)
class Said:
    """A phrase by its key, and what fills its places: text, whole numbers, money, days, or phrases again."""

    key: str
    parts: tuple[Any, ...] = ()

    def __init__(self, key: str, *parts: Any) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "parts", parts)

    def packed(self) -> list[Any]:
        """As the page's script reads it: a phrase is a list, money `{"m": minor, "c": currency}`."""
        return [self.key, *(_packed(part) for part in self.parts)]


def say(thing: Any, language: Language) -> str:
    match thing:
        case Said():
            wording = phrases()[thing.key][0 if language == "pt" else 1]
            one, _, many = wording.partition("¦")
            if many and thing.parts[0] != 1:
                one = many
            told = [say(part, language) for part in thing.parts]
            for place, text in enumerate(told):
                one = one.replace(f"{{{place}}}", text)
            return one
        case Money():
            text = ptbr.money(thing.minor, thing.currency)
            return text if language == "pt" else text.translate(_SWAPPED)
        case Short():
            return _short(thing, language)
        case Percent():
            text = ptbr.percent(thing.part, thing.whole)
            return text if language == "pt" else text.translate(_SWAPPED)
        case Duration():
            text = ptbr.duration(thing.seconds)
            return text if language == "pt" else text.translate(_SWAPPED)
        case ShortDay():
            return say(thing.day, language)[: 5 if language == "pt" else 6]
        case datetime():
            day, _, clock = ptbr.moment(thing).partition(" ")
            return f"{day if language == 'pt' else say(thing.astimezone(TIME_ZONE).date(), language)} {clock}"
        case date():
            if language == "pt":
                return ptbr.day(thing)
            return f"{thing.day:02d} {_ENGLISH_MONTHS[thing.month - 1]} {thing.year}"
        case int():
            text = ptbr.number(thing)
            return text if language == "pt" else text.translate(_SWAPPED)
    return str(thing)


def _short(thing: Short, language: Language) -> str:
    units = abs(thing.minor) / 10 ** EXPONENTS[thing.currency]
    text = ptbr.amount(abs(thing.minor), thing.currency).removesuffix(",00")
    for least, scale, pt, en in _SCALES:
        if units >= least:
            scaled = units / scale
            figure = f"{scaled:.0f}" if scaled >= 100 else f"{scaled:.1f}".removesuffix(".0")
            text = f"{figure.replace('.', ',')}\u00a0{pt if language == 'pt' else en}"
            break
    text = ("-" if thing.minor < 0 else "+" if thing.signed else "") + text
    return text if language == "pt" else text.translate(_SWAPPED)


def line(number: int) -> Said:
    """`linha 1.204`, `linha 12 da referência`."""
    return Said("line_of_reference" if in_reference(number) else "line", line_of_file(number))


def all_of(things: Sequence[Any]) -> Any:
    """`a`, `a e b`, `a, b e c`"""
    *firsts, last = things
    if not firsts:
        return last
    told = firsts[0]
    for thing in firsts[1:]:
        told = Said("comma", told, thing)
    return Said("and", told, last)


def listed(things: Sequence[Any], in_all: int | None = None) -> Any:
    """As `all_of`; of more than are named, `a, b e mais 5`."""
    more = (in_all or 0) - len(things)
    return all_of([*things, Said("more", more)] if more > 0 else things)


def currency_symbols(currency: str) -> str:
    """`R$`, `US$`, `EUR`: what stands before an amount."""
    return ptbr.money(0, currency).partition(" ")[0]


@cache
def phrases() -> Mapping[str, tuple[str, str]]:
    """key → Portuguese, English."""
    text = files(__package__).joinpath("phrases.json").read_text("utf-8")
    return {key: (pt, en) for key, (pt, en) in json.loads(text).items()}


def _packed(part: Any) -> Any:
    match part:
        case Said():
            return part.packed()
        case Money():
            return {"m": str(part.minor), "c": part.currency}
        case date():
            return {"d": part.isoformat()}
    return part
