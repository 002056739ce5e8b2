"""Small reconciliations for tests: entries as tuples of what matters, the result as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.profile import Profile, parse_profile
from jobs.reconciliation.engine import EngineName
from jobs.reconciliation.reconcile import ReconciliationResult, reconcile
from shared.manifest import ValidationFigures

ENGINE: ContextVar[EngineName] = ContextVar("engine", default="duckdb")  # set by `backend`
DAY_ZERO = date(2026, 2, 16)
ENTRIES = pa.schema(
    [
        ("side", pa.string()),
        ("entry_id", pa.string()),
        ("account", pa.string()),
        ("posted_on", pa.date32()),
        ("value_on", pa.date32()),
        ("amount", pa.int64()),
        ("currency", pa.string()),
        ("reference", pa.string()),
        ("description", pa.string()),
        ("counterparty", pa.string()),
        ("kind", pa.string()),
        ("group_key", pa.string()),
        *((name, pa.int64()) for name in ("gross", "fee", "net", "balance")),
        ("line_no", pa.int64()),
        ("reference_norm", pa.string()),
    ]
)
DEFAULT_PASSES = """
[[passes]]
name = "id-exato"
on = ["entry_id", "currency"]

[[passes]]
name = "referencia"
on = ["reference_norm", "currency"]
amount = { abs = "0.05" }
days = [0, 2]
unique = true
"""


@dataclass(frozen=True)
class Entry:
    """day: days after DAY_ZERO. line_no 0: by place in the file. reference_norm: None where that is the reference."""

    side: str
    amount: int
    entry_id: str | None = None
    reference: str | None = None
    day: int = 0
    currency: str = "BRL"
    description: str | None = None
    counterparty: str | None = None
    kind: str | None = None
    group_key: str | None = None
    gross: int | None = None
    fee: int | None = None
    net: int | None = None
    balance: int | None = None
    line_no: int = 0
    value_on: date | None = None
    account: str | None = None
    reference_norm: str | None = None

    @property
    def posted_on(self) -> date:
        return DAY_ZERO + timedelta(days=self.day)

    def row(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "entry_id": self.entry_id,
            "account": self.account,
            "posted_on": self.posted_on,
            "value_on": self.value_on,
            "amount": self.amount,
            "currency": self.currency,
            "reference": self.reference,
            "description": self.description,
            "counterparty": self.counterparty,
            "kind": self.kind,
            "group_key": self.group_key,
            "gross": self.gross,
            "fee": self.fee,
            "net": self.net,
            "balance": self.balance,
            "line_no": self.line_no,
            "reference_norm": self.reference_norm,
        }


def numbered(entries: Sequence[Entry]) -> list[Entry]:
    """Line numbers as in a file with one header line."""
    return [replace(entry, line_no=number) for number, entry in enumerate(entries, 2)]


def profile_of(passes: str = DEFAULT_PASSES, rest: str = "") -> Profile:
    text = f"""
schema = 1
name = "teste"
layout = "single_file"
{rest}
[columns]
side = "side"
posted_on = "posted_on"
amount = "amount"
currency = "currency"
entry_id = "entry_id"
account = "account"
reference = "reference"
description = "description"
counterparty = "counterparty"
kind = "kind"
group_key = "group_key"
gross = "gross"
fee = "fee"
net = "net"
balance = "balance"
{passes}
"""
    return parse_profile(text.encode(), "teste.toml")


def write_entries(entries: Sequence[Entry], path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist([entry.row() for entry in entries], ENTRIES), path)
    return path


def read_by(entries: Sequence[Entry]) -> ValidationFigures:
    """What validation says of a file without rejects."""
    return ValidationFigures(
        lines=len(entries) + 1, header=1, skipped=0, entries=len(entries), rejected=0
    )


@dataclass(frozen=True)
class Reconciled:
    result: ReconciliationResult
    matches: list[dict[str, Any]]
    breaks: list[dict[str, Any]]

    @property
    def classes(self) -> dict[str, int]:
        return self.result.figures.counts

    def table(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.result.files[name].path).to_pylist()
        return rows


def run(
    folder: Path,
    entries: Sequence[Entry],
    profile: Profile | None = None,
    as_of: date | None = None,
    shuffled: Sequence[Entry] | None = None,
) -> Reconciled:
    """Entries get their line numbers here unless they have them; shuffled: the order in which the file holds them."""
    lines = entries if entries and entries[0].line_no else numbered(entries)
    folder.mkdir(parents=True, exist_ok=True)
    path = write_entries(shuffled or lines, folder / "entries.parquet")
    result = reconcile(path, profile or profile_of(), folder, read_by(lines), ENGINE.get(), as_of)
    reconciled = Reconciled(result, [], [])
    return replace(
        reconciled, matches=reconciled.table("matches"), breaks=reconciled.table("breaks")
    )
