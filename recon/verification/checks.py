"""Proves a written result again, from its files alone: every identity, every match, the class of every row.

It shares nothing with the job that wrote them but the contract (profile, manifest). Each file of `sql/` is one check: a
query that returns the rows that are wrong. Its first line is what it claims, in Portuguese; `-- needs:` names what not
every run leaves. `prelude/` holds the tables that several of them read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import Any

import duckdb

from jobs.profile import Grace, Profile
from recon.errors import UsageError
from recon.verification.banking import bank_holidays
from recon.verification.written import Written, read_written, sha256
from shared.currency import EXPONENTS

HERE = Path(__file__).parent
SHOWN_ROWS = 20
ROUNDS = 20
MEMORY = "1GB"
"""What does not fit goes to disk. A million rows a side then take 1.2 GB in all, and 3.4 without a limit."""


@dataclass(frozen=True)
class Check:
    """offending: how many rows are wrong, `rows` the first of them; None: what it needs was not left by the run."""

    name: str
    sentence: str
    offending: int | None
    rows: tuple[dict[str, Any], ...] = ()

    @property
    def held(self) -> bool | None:
        return None if self.offending is None else self.offending == 0


@dataclass(frozen=True)
class Query:
    name: str
    sentence: str
    needs: str | None
    sql: str


def queries() -> list[Query]:
    return [_query(path) for path in sorted((HERE / "sql").glob("*.sql"))]


def verify(folder: Path, profile: Profile) -> list[Check]:
    """Raises UsageError where the folder holds no result, or its tables are not those of one."""
    with checker(folder, profile) as check:
        return [check(query) for query in queries()]


@contextmanager
def checker(folder: Path, profile: Profile) -> Iterator[Callable[[Query], Check]]:
    written = read_written(folder)
    left = {str(stage) for stage in written.figures}
    if written.manifests:
        left.add("manifest")
    with (
        tempfile.TemporaryDirectory(prefix="recon-") as spill,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill}) as connection,
    ):
        _load(connection, written, profile)
        yield lambda query: _check(connection, query, left)


def _query(path: Path) -> Query:
    sql = path.read_text(encoding="utf-8")
    needs = re.search(r"^-- needs: (\w+)$", sql, re.MULTILINE)
    return Query(
        name=path.stem,
        sentence=sql.partition("\n")[0].removeprefix("-- "),
        needs=needs[1] if needs else None,
        sql=sql,
    )


def _check(connection: duckdb.DuckDBPyConnection, query: Query, left: set[str]) -> Check:
    if query.needs and query.needs not in left:
        return Check(query.name, query.sentence, None)
    offending = connection.sql(query.sql)
    first = offending.limit(SHOWN_ROWS).fetchall()
    count = len(first) if len(first) < SHOWN_ROWS else len(offending)
    rows = tuple(dict(zip(offending.columns, row, strict=True)) for row in first)
    return Check(query.name, query.sentence, count, rows)


def _load(connection: duckdb.DuckDBPyConnection, written: Written, profile: Profile) -> None:
    try:
        for name, path in written.tables.items():
            connection.read_parquet(str(path)).create_view(name)
        connection.execute((HERE / "given.sql").read_text(encoding="utf-8"))
        _give_profile(connection, profile)
        _give_manifests(connection, written, profile)
        for path in sorted((HERE / "prelude").glob("*.sql")):
            _prepare(connection, path)
    except duckdb.Error as error:
        raise UsageError(f"{written.folder}: não é um resultado legível: {error}") from error


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A `_rounds` is run until a round adds nothing, as often as a pass may choose (docs/decisions/0019)."""
    sql = path.read_text(encoding="utf-8")
    if not path.stem.endswith("_rounds"):
        connection.execute(sql)
        return
    chosen = -1
    for _ in range(ROUNDS):
        if chosen == (chosen := len(connection.table("chosen"))):
            return
        connection.execute(sql)


def _give_profile(connection: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    def reached(limit: Decimal | None, exponent: int) -> int | None:
        return None if limit is None else ceil(limit.scaleb(exponent))

    give = partial(_give, connection)
    exponents = {
        code: EXPONENTS[code]
        for (code,) in connection.sql("select distinct currency from entries").fetchall()
        if code in EXPONENTS
    }
    for position, one in enumerate(profile.passes, start=1):
        on = [str(column) for column in one.on if column != "currency"] or ["currency"]
        key_columns = [str(one.group_by)] if one.group_by else on
        tolerance, banking, suggests = one.amount, one.calendar == "br-bank", one.mode == "suggest"
        exact = not tolerance.abs and not tolerance.bps and one.days == (0, 0) and not banking
        pairs_all = exact and (one.kind, one.compare) == ("match", "amount") and not one.unique
        rule = (*one.days, banking, one.unique, pairs_all, "entry_id" in one.on, suggests)
        give("passes", position, one.name, one.kind, key_columns, one.compare, tolerance.bps, *rule)
        for code, exponent in exponents.items():
            give("tolerances", position, code, floor(tolerance.abs.scaleb(exponent)))
    limits = profile.materiality
    for code, exponent in exponents.items():
        net, gross = reached(limits.run_net, exponent), reached(limits.run_gross, exponent)
        give("materiality", code, reached(limits.break_, exponent) or 0, net, gross)
    grace = profile.grace
    give("sides", "A", grace.B, grace.calendar == "br-bank")
    give("sides", "B", grace.A, grace.calendar == "br-bank")
    if grace.calendar == "br-bank" or any(one.calendar == "br-bank" for one in profile.passes):
        connection.execute(
            "insert into holidays select unnest(?::date[])", [_holidays(connection, grace)]
        )
    fees, reversals = profile.fees, profile.reversals
    give(
        "settings",
        profile.name,
        profile.limits.max_candidates_per_row,
        list(profile.aging.buckets),
        fees and fees.by,
        reversals and list(reversals.on),
        profile.layout == "against_reference",
    )
    if fees:
        for value, basis_points in fees.rates.items():
            give("fee_rates", value, basis_points)
        for code, exponent in exponents.items():
            give("fee_tolerances", code, floor(fees.tolerance.scaleb(exponent)))
    if reversals:
        for kind in reversals.kinds:
            give("reversal_kinds", kind)


def _holidays(connection: duckdb.DuckDBPyConnection, grace: Grace) -> list[date]:
    """From the first entry to the last day that anything could be waited for."""
    first, last = connection.sql(
        "select min(year(d)), max(year(d)) from "
        "(select posted_on as d from entries union all select as_of from summary)"
    ).fetchall()[0]
    waited = max(grace.A, grace.B) * 2 // 365 + 2
    return bank_holidays(range(first, last + waited)) if first else []


def _give_manifests(
    connection: duckdb.DuckDBPyConnection, written: Written, profile: Profile
) -> None:
    give = partial(_give, connection)
    for stage, figures in written.figures.items():
        give("documents", stage, figures.model_dump_json())
    known = {"profile": profile.sha256}
    known |= {stage: manifest.content_hash for stage, manifest in written.manifests.items()}
    for stage, manifest in written.manifests.items():
        for name in manifest.inputs.keys() & known.keys():
            give("inputs", stage, name, manifest.inputs[name], known[name])
    for stage, name, file, path in written.files():
        table = path.suffix == ".parquet" and path.is_file()
        rows = len(connection.read_parquet(str(path))) if table else None
        give("files", stage, name, file.sha256, sha256(path), file.rows, rows)


def _give(connection: duckdb.DuckDBPyConnection, table: str, *values: object) -> None:
    connection.table(table).insert(values)
