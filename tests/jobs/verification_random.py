"""Small random files and profiles that collide: equal rows, contested keys, near misses, null and crowded keys."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from shared.currency import EXPONENTS
from tests.jobs.verification_case import PROFILE

HEADER = PROFILE.partition("[[passes]]")[0]
CSV_HEADER = (
    "side,entry_id,account,posted_on,amount,currency,reference,description,kind,"
    "group_key,gross,fee,net,balance"
)
CALENDARS = ('"civil"', '"civil"', '"br-bank"')
Field = str | int | None
COMPARED = ('"amount"', '"amount"', '"net"', '"gross"')
KEYS = ("entry_id", "reference_norm", "account", "description", "kind")


def random_profile(random: Random) -> str:
    parts = [HEADER, *(_random_pass(random, n) for n in range(random.randint(1, 3)))]
    if random.random() < 0.3:
        on = random.choice((["amount", "currency"], ["description"], ["account"]))
        unique = str(random.random() < 0.5).lower()
        parts.append(
            f'[[passes]]\nname = "sugestao"\non = {on}\ndays = [-1, 3]\nunique = {unique}\nmode = "suggest"'
        )
    if random.random() < 0.3:
        parts.append(f"[limits]\nmax_candidates_per_row = {random.randint(1, 3)}")
    if random.random() < 0.5:
        limits = {"break": "0.05 1.00", "run_net": "0.00 1.00 20.00", "run_gross": "1.00 20.00"}
        chosen = random.sample(sorted(limits), random.randint(1, 3))
        parts.append("[materiality]")
        parts += [f'{name} = "{random.choice(limits[name].split())}"' for name in chosen]
    if random.random() < 0.5:
        parts.append(f"[grace]\nA = {random.randint(0, 3)}\nB = {random.randint(0, 3)}")
        parts.append(f"calendar = {random.choice(CALENDARS)}")
    if random.random() < 0.5:
        parts.append(f"[aging]\nbuckets = {sorted(random.sample(range(9), random.randint(1, 4)))}")
    if random.random() < 0.4:
        parts.append('[fees]\nby = "kind"\nrates = { k = 199, j = 99 }\ntolerance = "0.01"')
    if random.random() < 0.4:
        on = random.sample(("reference_norm", "account", "entry_id"), random.randint(1, 2))
        parts.append(f'[reversals]\nkinds = ["r"]\non = {on}')
    return "\n".join(parts)


def _random_pass(random: Random, number: int) -> str:
    if random.random() < 0.25:
        by = random.choice(("group_key", "account", "entry_id"))
        return (
            f'[[passes]]\nname = "p{number}"\nkind = "group"\ngroup_by = "{by}"\n'
            f'amount = {{ abs = "0.05" }}\ncompare = {random.choice(COMPARED)}'
        )
    on = random.sample(KEYS, random.choice((1, 1, 1, 2, 3)))
    first = random.choice((0, 0, 0, -1, 1))
    exact = random.random() < 0.4
    tolerance = (
        "" if exact else random.choice(('abs = "0.05"', 'abs = "1"', "bps = 10", "bps = 500"))
    )
    days = [0, 0] if exact else [first, first + random.choice((0, 0, 1, 2))]
    return (
        f'[[passes]]\nname = "p{number}"\non = {on}\namount = {{ {tolerance} }}\ndays = {days}\n'
        f"unique = {str(random.random() < 0.4).lower()}\ncalendar = {random.choice(CALENDARS)}\n"
        f"compare = {random.choice(COMPARED)}"
    )


def random_csv(random: Random) -> str:
    """Pairs that agree, then are made to differ here and there; at least one row can be read."""
    rows: list[tuple[str, ...]] = []
    ids = ["", "X", "Y", "Z", "W", "V", "U"][: random.randint(2, 7)]
    references = ["", "nf 1", "NF 1", "nf 2", "NF 3"][: random.randint(1, 5)]

    def fields() -> list[Field]:
        return [
            random.choice(ids),
            random.choice(("acc", "acc", "acd", "")),
            random.randint(1, random.choice((1, 3, 9))),
            random.choice((1000, 1000, -1000, 1200, 0, 2)),
            random.choice(("BRL", "BRL", "BRL", "BRL", "USD", "JPY")),
            random.choice(references),
            random.choice(("d", "d", "e", "")),
            random.choice(("k", "k", "j", "r")),
            random.choice(("", "", "g", "h")),
            random.choice((None, None, None, 20, 21, 22, 1)),  # the fee
        ]

    for _ in range(random.choice((1, 3, 6, 12, 25))):
        of_a = fields()
        of_b = list(of_a)
        for _ in range(random.choice((0, 0, 1, 1, 2))):
            place = random.randrange(len(of_b))
            of_b[place] = fields()[place]
        if random.random() < 0.3:
            of_b[3] = int(of_b[3]) + random.choice((2, -2, 5, -6, 100))
        if of_a[-1] and random.random() < 0.7:  # B gets the net amount
            of_b[3], of_b[-1] = int(of_a[3]) - int(of_a[-1]), None
        if random.random() < 0.9:
            rows.append(_row("A", of_a))
        if random.random() < 0.9 or not rows:
            rows.append(_row("B", of_b))
        if random.random() < 0.15:
            rows.append(random.choice(rows))
    if random.random() < 0.2:
        rows.append(("A", "q", "acc", "2026-02-30", "1.00", "BRL", *[""] * 8))
    random.shuffle(rows)
    if random.random() < 0.4:
        rows = list(_with_balances(random, rows))
    return "\n".join((CSV_HEADER, *(",".join(row) for row in rows))) + "\n"


def _with_balances(random: Random, rows: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Of some rows, and of some of these a wrong one."""
    balances: dict[tuple[str, ...], int] = {}
    for row in rows:
        side, _, account, _, amount, currency = row[:6]
        statement = side, account, currency
        balance = balances.get(statement, 0) + int(amount.replace(".", ""))
        balance += random.choice((0, 0, 0, 0, 0, 1, -700))
        balances[statement] = balance
        yield (*row[:-1], _amount(balance, currency) if random.random() < 0.6 else "")


def _row(side: str, fields: list[Field]) -> tuple[str, ...]:
    entry_id, account, day, amount, currency, reference, description, kind, group_key, fee = fields

    def text(minor: int) -> str:
        return _amount(minor, str(currency))

    gross, kept = int(amount or 0), int(fee or 0)
    charged = (text(gross), text(kept), text(gross - kept)) if fee else ("", "", "")
    return (
        *(side, str(entry_id), str(account), f"2026-02-{day:02d}", text(gross), str(currency)),
        *(str(reference), str(description), str(kind), str(group_key), *charged, ""),
    )


def _amount(minor: int, currency: str) -> str:
    sign, digits = "-" if minor < 0 else "", f"{abs(minor):03d}"
    return f"{sign}{digits[:-2]}.{digits[-2:]}" if EXPONENTS[currency] else f"{minor}"
