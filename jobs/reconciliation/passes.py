"""The profile's passes, in order: each pairs rows that are still open and takes them out of the next ones' sight."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from jobs.profile import TEXT_COLUMNS, Pass, Profile, minor_units
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import by_currency, length_prefixed, match_key, rule, union_all
from shared.currency import EXPONENTS
from shared.errors import ReconError

# What makes two rows of a side equal.
CONTENT = length_prefixed(("posted_on", "amount", "currency", *TEXT_COLUMNS))


class TooManyPairsError(ReconError):
    """A pass would compare more pairs than the profile allows. A retry does not help, a narrower key does."""

    code = "TOO_MANY_PAIRS"


def match(engine: Engine, profile: Profile, currencies: Iterable[str]) -> None:
    """Reads `entries`. Names `pairs` (matched), `unmatched` (open rows), `crowded` (rows that had equals in a pass)."""
    engine.view("unmatched", everything("entries"))
    found: list[exp.Query] = []
    crowded = [
        everything("entries", "line_no", "line_no as pairs", "line_no as occurrence").where("false")
    ]
    for number, step in enumerate(profile.passes, 1):
        if step.mode == "suggest":
            continue
        engine.view("open_rows", prepared(step, currencies))
        if is_exact(step):
            of_pass(engine, "blocks", number, rule("blocks"))
            of_pass(engine, "crowded", number, rule("crowded", unique=step.unique, content=CONTENT))
            crowded.append(everything(f"crowded_{number}", "line_no", "pairs", "occurrence"))
            pairs = rule("exact", **{"pass": step.name})
        else:
            _refuse_too_many_pairs(engine, step, profile.limits.max_pairs)
            pairs = rule("window", **criteria(step), choose=int(not step.unique))
        matched = of_pass(engine, "found", number, pairs)
        found.append(everything(f"found_{number}"))
        if matched:
            of_pass(engine, "unmatched", number, rule("still_open"))
    engine.view("pairs", union_all(found))
    engine.view("crowded", union_all(crowded))


def of_pass(engine: Engine, name: str, number: int, query: exp.Query) -> int:
    """Computes a table that each pass has its own of; the name alone means the latest. Its rows."""
    rows = engine.table(f"{name}_{number}", query)
    engine.view(name, everything(f"{name}_{number}"))
    return rows


def everything(table: str, *columns: str) -> exp.Select:
    return exp.select(*(columns or "*")).from_(table)


def is_exact(step: Pass) -> bool:
    return not step.amount.abs and not step.amount.bps and step.days == (0, 0)


def prepared(step: Pass, currencies: Iterable[str]) -> exp.Query:
    """Open rows with what a pass varies as columns, so that its rule is a fixed text."""
    tolerances = {code: minor_units(step.amount.abs, EXPONENTS[code]) for code in currencies}
    return exp.select(
        "*",
        match_key(key_columns(step)).as_("match_key"),
        by_currency(tolerances).as_("tolerance"),
    ).from_("unmatched")


def key_columns(step: Pass) -> list[str]:
    """Without the currency, which is a criterion of its own in every pass."""
    return [column for column in step.on if column != "currency"]


def criteria(step: Pass) -> dict[str, str | int]:
    """What the rules `window` and `near` compare by."""
    first, last = step.days
    return {
        "pass": step.name,
        "basis_points": step.amount.bps,
        "first_day": first,
        "last_day": last,
    }


def _refuse_too_many_pairs(engine: Engine, step: Pass, limit: int) -> None:
    (estimate,) = engine.fetch(rule("estimate"))
    if (estimate["pairs"] or 0) <= limit:
        return
    of_hot_key = exp.column("match_key").eq(exp.convert(estimate["hot_key"]))
    (row,) = engine.fetch(everything("open_rows").where(of_hot_key).limit(1))
    told = ", ".join(f'{column} = "{str(row[column])[:80]}"' for column in key_columns(step))
    raise TooManyPairsError(
        f"O passe {step.name} compararia {estimate['pairs']} pares (limite: {limit}); "
        f"a chave {told or 'vazia'} sozinha tem {estimate['hot_pairs']}.",
        hint=f"Acrescente uma coluna a `on` do passe {step.name}, ponha antes dele um passe mais estreito, "
        "ou aumente limits.max_pairs do perfil.",
    )
