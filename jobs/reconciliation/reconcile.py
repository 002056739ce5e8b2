"""One reconciliation, from entries to a proven result, wherever its files lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jobs.profile import Profile
from jobs.reconciliation import proof
from jobs.reconciliation.balances import check_balances, has_balances
from jobs.reconciliation.breaks import class_open_rows
from jobs.reconciliation.engine import SPARK_FROM_ENTRIES, DuckDBEngine, Engine, EngineName
from jobs.reconciliation.figures import write_figures
from jobs.reconciliation.matches import matches
from jobs.reconciliation.named import NONE, Names
from jobs.reconciliation.passes import TooManyPairsError, match
from jobs.reconciliation.proof import Difference, IdentityError, Statement, Tolerated, Total
from jobs.reconciliation.rules import Sql, everything, rule
from jobs.reconciliation.written import covered, digest
from jobs.runtime import Produced
from shared.manifest import PassFigures, ReconciliationFigures, ValidationFigures
from shared.taxonomy import ROW_CLASSES

PRELIMINARY = "preliminary.parquet"


@dataclass(frozen=True)
class ReconciliationResult:
    files: dict[str, Produced]
    figures: ReconciliationFigures


def reconcile(
    entries: Path,
    profile: Profile,
    out_dir: Path,
    validation: ValidationFigures,
    engine: EngineName = "duckdb",
    as_of: date | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
    staging: str | None = None,
) -> ReconciliationResult:
    """Writes matches, breaks, near, bridge and summary into out_dir; what does not fit in memory spills there.

    as_of: by default the latest day of the entries. staging: for Spark, a folder that all its workers reach.

    Raises IdentityError where the result does not prove itself, TooManyPairsError where a pass is too wide (what the
    passes before it matched is then in preliminary.parquet), BalanceBreakError where the profile halts on a statement
    that does not continue, EngineUnavailableError where this machine lacks the engine.
    """
    chosen: Engine
    count = validation.both.entries
    if engine_for(engine, count) == "spark":
        from jobs.reconciliation.spark_engine import SparkEngine

        chosen = SparkEngine(out_dir, count, staging, threads, memory_limit)
    else:
        chosen = DuckDBEngine(out_dir, threads, memory_limit)
    with chosen as running:
        running.source("entries", entries)
        return _reconcile(running, entries, profile, out_dir, validation, as_of)


def engine_for(asked: EngineName, entries: int) -> EngineName:
    if asked != "auto":
        return asked
    return "spark" if entries >= SPARK_FROM_ENTRIES else "duckdb"


def _reconcile(
    engine: Engine,
    entries: Path,
    profile: Profile,
    out_dir: Path,
    validation: ValidationFigures,
    as_of: date | None,
) -> ReconciliationResult:
    totals = [_total(row) for row in engine.fetch(rule("totals"))]
    currencies = sorted({total.currency for total in totals})
    day = as_of or _latest_day(engine, profile)

    check_balances(engine, profile)
    try:
        match(engine, profile, currencies, sum(total.lines for total in totals))
    except TooManyPairsError as error:
        path = out_dir / PRELIMINARY
        query, names = matches(profile, currencies)
        engine.write(query, path, names)
        error.details["preliminary"] = str(path)
        raise
    files: dict[str, Produced] = {}

    def write(name: str, query: Sql, names: Names = NONE) -> None:
        path = out_dir / f"{name}.parquet"
        files[name] = Produced(path, engine.write(query, path, names))

    # What is read or written at length is so beside the many small statements, which leave a core idle.
    with ThreadPoolExecutor(2) as beside:
        telling = beside.submit(write, "matches", *matches(profile, currencies))
        write("breaks", class_open_rows(engine, profile, currencies, day))
        write("near", rule("near_misses"))
        telling.result()
        for name, produced in files.items():
            engine.source(name, produced.path)  # what was written is what is proven
        matched, broken = files["matches"].path, files["breaks"].path
        covering = beside.submit(covered, entries, matched, broken)
        digesting = beside.submit(digest, matched)
        figures = _figures(engine, covering, digesting, profile, validation, totals, day)
    failed = [check for check in figures.identities if not check.held]
    if failed:
        told = "; ".join(f"{c.name}: esperado {c.expected}, encontrado {c.found}" for c in failed)
        raise IdentityError(
            f"O resultado não fecha e não vale como conclusão. {told}",
            hint="É um defeito do programa, não do arquivo: chame a engenharia.",
        )
    return ReconciliationResult(files | write_figures(figures, out_dir), figures)


def _figures(
    engine: Engine,
    covering: Future[list[Total]],
    digesting: Future[dict[str, int]],
    profile: Profile,
    validation: ValidationFigures,
    totals: Sequence[Total],
    day: date,
) -> ReconciliationFigures:
    engine.table("match_sums", rule("match_sums"))
    differences = [
        Difference(row["class"], row["currency"], row["items"], int(row["net"]), int(row["gross"]))
        for row in engine.fetch(rule("differences"))
    ]
    matched = engine.fetch(rule("match_counts"))
    broken = engine.fetch(rule("break_counts"))
    items = Counter({row["class"]: row["breaks"] for row in broken})
    for row in matched:
        items[row["class"]] += row["matches"]
    counts = {code: items[code] for code in ROW_CLASSES if code in items}
    material = sum(row["material"] for row in broken)
    statements = engine.fetch(rule("statements")) if has_balances(profile) else []
    tolerated = engine.fetch(rule("tolerated")) if profile.materiality.judges_run else []
    (broken_digest,) = engine.fetch(rule("breaks_digest"))
    coverage = covering.result()
    currencies = proof.figures_of(totals, coverage, differences)
    bridge = proof.bridge_of(currencies, differences)
    identities = proof.check_identities(
        validation, totals, coverage, bridge, [_statement(row) for row in statements]
    )

    def of_outcome(outcome: str) -> int:
        return sum(count for code, count in counts.items() if ROW_CLASSES[code].outcome == outcome)

    return ReconciliationFigures(
        verdict=proof.verdict_of(
            identities,
            currencies,
            counts,
            material,
            validation.both.rejected,
            profile.materiality,
            [_tolerated(row) for row in tolerated],
        ),
        result_hash=proof.result_hash(digesting.result(), broken_digest),
        counts=counts,
        matches=of_outcome("ok"),
        breaks=of_outcome("break"),
        pending=of_outcome("pending"),
        material_breaks=material,
        currencies=currencies,
        passes=tuple(
            PassFigures(
                name=step.name,
                matches=sum(r["matches"] for r in matched if r["pass_name"] == step.name),
            )
            for step in profile.passes
        ),
        bridge=bridge,
        identities=identities,
        as_of=day,
        engine=engine.name,
    )


def _latest_day(engine: Engine, profile: Profile) -> date:
    (row,) = engine.fetch(everything("entries", "max(posted_on) as day"))
    latest: date | None = row["day"]
    return latest or datetime.now(ZoneInfo(profile.timezone)).date()


def _total(row: dict[str, Any]) -> Total:
    return Total(row["side"], row["currency"], row["lines"], int(row["amount"]))


def _tolerated(row: dict[str, Any]) -> Tolerated:
    return Tolerated(row["currency"], int(row["net"]), int(row["gross"]))


def _statement(row: dict[str, Any]) -> Statement:
    name = f"{row['side']} {row['account'] or '-'} {row['currency']}"
    return Statement(name, int(row["expected"]), row["found"])
