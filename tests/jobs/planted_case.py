"""A file with known divergences: mostly pairs that agree, and among them each class planted so often, known by line.

No two plants share a key, so that each is found for what it is or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

HEADER = (
    "side,entry_id,account,posted_on,amount,currency,reference,description,kind,"
    "group_key,gross,fee,net,balance"
)
AS_OF = date(2026, 3, 31)
PROFILE = """
schema = 1
name = "plantado"
layout = "single_file"
[columns]
side = "side"
entry_id = "entry_id"
account = "account"
posted_on = "posted_on"
amount = "amount"
currency = "currency"
reference = "reference"
description = "description"
kind = "kind"
group_key = "group_key"
gross = "gross"
fee = "fee"
net = "net"
balance = "balance"
[[passes]]
name = "id-exato"
on = ["entry_id", "currency"]
[[passes]]
name = "referencia"
on = ["reference_norm", "currency"]
amount = { abs = "0.05" }
days = [0, 2]
unique = true
[[passes]]
name = "liquido"
on = ["entry_id", "currency"]
compare = "net"
unique = true
[[passes]]
name = "lote"
kind = "group"
group_by = "group_key"
[[passes]]
name = "descricao"
on = ["description", "currency"]
days = [0, 3]
mode = "suggest"
[grace]
B = 3
[fees]
rates = { credito = 199 }
[reversals]
kinds = ["estorno"]
"""

Found = tuple[str, int | None, int | None]
"""A class, and the lines of A and of B that it is said of."""


@dataclass
class Planted:
    """statements: rows that stay in the order in which they were planted."""

    random: Random
    rows: list[str] = field(default_factory=list)
    statement: list[int] = field(default_factory=list)
    expected: list[Callable[[list[int]], Iterator[Found]]] = field(default_factory=list)

    def row(
        self,
        side: str,
        amount: int,
        day: date,
        *,
        entry_id: str = "",
        account: str = "",
        currency: str = "BRL",
        reference: str = "",
        description: str | None = None,
        kind: str = "",
        group_key: str = "",
        fee: int | None = None,
        balance: int | None = None,
    ) -> int:
        charged = "" if fee is None else f"{cents(amount)},{cents(fee)},{cents(amount - fee)}"
        told = {"A": "Venda", "B": "Deposito"}[side] if description is None else description
        self.rows.append(
            f"{side},{entry_id},{account},{day},{cents(amount)},{currency},{reference},{told},{kind},"
            f"{group_key},{charged or ',,'},{'' if balance is None else cents(balance)}"
        )
        return len(self.rows) - 1

    def expect(self, row_class: str, a: int | None, b: int | None) -> None:
        def lines(line: list[int]) -> Iterator[Found]:
            yield row_class, None if a is None else line[a], None if b is None else line[b]

        self.expected.append(lines)

    def any_day(self) -> date:
        """Long enough ago for nothing to be waited for, with room for what comes days later."""
        return AS_OF - timedelta(self.random.randint(20, 80))

    def any_amount(self) -> int:
        return self.random.randint(1_000, 9_999_999)

    def pair(self, row_class: str, entry_id: str = "", reference: str = "", **b: int | str) -> None:
        """b: what is different on the side of B."""
        amount, day = self.any_amount(), self.any_day()
        a_line = self.row("A", amount, day, entry_id=entry_id, reference=reference)
        amount_b = int(b.get("sign", 1)) * amount + int(b.get("more", 0))
        b_line = self.row(
            "B",
            amount_b,
            day + timedelta(int(b.get("days", 0))),
            entry_id=entry_id,
            reference=reference,
            currency=str(b.get("currency", "BRL")),
        )
        self.expect(row_class, a_line, b_line)


def cents(minor: int) -> str:
    sign, digits = "-" if minor < 0 else "", f"{abs(minor):03d}"
    return f"{sign}{digits[:-2]}.{digits[-2:]}"


def due(gross: int) -> int:
    return (gross * 199 + 5_000) // 10_000


def _plant(of: Planted, n: int) -> None:
    """Each class once."""
    random, day = of.random, of.any_day
    amount = of.any_amount()
    of.pair("matched_tolerance", reference=f"T{n}", more=random.choice((-5, -1, 1, 5)))
    of.pair("matched_timing", reference=f"J{n}", days=random.choice((1, 2)))
    of.pair("amount_mismatch", f"V{n}", more=random.choice((-1, 1, 500)))
    of.pair("amount_mismatch", reference=f"W{n}", more=random.choice((-6, 6)))
    of.pair("date_mismatch", f"D{n}", days=random.choice((-1, 1, 12)))
    of.pair("date_mismatch", reference=f"Q{n}", days=random.choice((-1, 3)))
    of.pair("currency_mismatch", f"C{n}", currency="USD")
    of.pair("sign_mismatch", f"S{n}", sign=-1)
    of.expect("missing_in_b", of.row("A", amount, day(), entry_id=f"MB{n}"), None)
    of.expect("missing_in_a", None, of.row("B", amount, day(), entry_id=f"MA{n}"))
    waiting = AS_OF - timedelta(random.randint(0, 2))
    of.expect("pending_in_transit", of.row("A", amount, waiting, entry_id=f"P{n}"), None)
    late = AS_OF - timedelta(3)
    of.expect("missing_in_b", of.row("A", amount, late, entry_id=f"L{n}"), None)
    of.expect("missing_in_a", None, of.row("B", amount, waiting, entry_id=f"N{n}"))

    _duplicate(of, n)

    on = day()
    one = of.row("A", amount, on, reference=f"A{n}")
    of.expect("ambiguous", one, None)
    for days in (0, 1):
        of.expect("ambiguous", None, of.row("B", amount, on + timedelta(days), reference=f"A{n}"))

    for off, row_class in ((0, "matched_net_of_fee"), (random.choice((-7, 3)), "fee_mismatch")):
        on, fee = day(), due(amount) + off
        charged = of.row("A", amount, on, entry_id=f"F{off}.{n}", kind="credito", fee=fee)
        of.expect(row_class, charged, of.row("B", amount - fee, on, entry_id=f"F{off}.{n}"))

    for off, row_class in ((0, "matched_group"), (100, "group_sum_mismatch")):
        key = f"G{off}.{n}"
        for part in (amount, 2 * amount):
            of.expect(row_class, of.row("A", part, day(), group_key=key), None)
        of.expect(row_class, None, of.row("B", 3 * amount + off, day(), group_key=key))

    charged = of.row("A", amount, day(), group_key=f"X{n}", kind="credito", fee=due(amount) + 9)
    of.expect("matched_group", charged, None)
    of.expect("fee_mismatch of a group", charged, None)
    of.expect("matched_group", None, of.row("B", amount, day(), group_key=f"X{n}"))

    undone = of.row("B", -amount, day(), reference=f"E{n}", kind="estorno")
    of.expect("reversal_orphan", None, undone)
    on = day()
    of.expect("missing_in_a", None, of.row("B", amount, on, reference=f"O{n}"))
    undone = of.row("B", -amount, on + timedelta(3), reference=f"O{n}", kind="estorno")
    of.expect("missing_in_a", None, undone)

    on = day()
    seen = of.row("A", amount, on, description=f"aluguel {n}")
    of.expect("suggested", seen, of.row("B", amount, on + timedelta(3), description=f"aluguel {n}"))
    of.expect("rejected", of.row("A", amount, date(2026, 2, 28), entry_id=f"I{n}"), None)
    of.rows[-1] = of.rows[-1].replace("2026-02-28", "2026-02-30")


def _duplicate(of: Planted, n: int) -> None:
    """Three rows of one id: the first two that can are a pair, in the order of the file."""
    for twice, once in ("AB", "BA"):
        amount, on, entry_id = of.any_amount(), of.any_day(), f"2{twice}{n}"
        rows = [of.row(twice, amount, on, entry_id=entry_id) for _ in range(2)]
        other = of.row(once, amount, on, entry_id=entry_id)

        def lines(
            line: list[int], rows: list[int] = rows, other: int = other, twice: str = twice
        ) -> Iterator[Found]:
            first, second = sorted(line[row] for row in rows)
            if twice == "A":
                yield from (("matched_exact", first, line[other]), ("duplicate_a", second, None))
            else:
                yield from (("matched_exact", line[other], first), ("duplicate_b", None, second))

        of.expected.append(lines)


def _statement(of: Planted, times: int) -> None:
    """The bank's account, most rows with a balance: every tenth one is off, and the next ones go on from it."""
    balance = 0
    for n in range(10 * times):
        amount, on = of.any_amount(), of.any_day()
        broken = n % 10 == 9
        balance += amount + (of.random.choice((-1, 12_345)) if broken else 0)
        kept = None if n % 10 in (2, 3, 8) else balance
        b_line = of.row("B", amount, on, entry_id=f"K{n}", account="0001/12345-6", balance=kept)
        of.statement.append(b_line)
        of.expect("matched_exact", of.row("A", amount, on, entry_id=f"K{n}"), b_line)
        if broken:
            of.expect("balance_break", None, b_line)


def plant(path: Path, rows_a_side: int, times: int, seed: int) -> list[Found]:
    """Writes the file, in no order but that of the statement. What must be found in it, a line each."""
    of = Planted(Random(seed))
    for n in range(times):
        _plant(of, n)
    _statement(of, times)
    left = rows_a_side - max(Counter(row[0] for row in of.rows).values())
    for n in range(left):
        of.pair("matched_exact", f"E{n}")

    places = list(range(2, len(of.rows) + 2))  # line 1 is the header
    of.random.shuffle(places)
    for row, place in zip(of.statement, sorted(places[row] for row in of.statement), strict=True):
        places[row] = place
    lines = [""] * len(of.rows)
    for row, place in zip(of.rows, places, strict=True):
        lines[place - 2] = row
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADER}\n")
        file.writelines(f"{line}\n" for line in lines)
    return [found for told in of.expected for found in told(places)]
