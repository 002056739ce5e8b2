"""The profile's passes, in order: each pairs rows that are still open and takes them out of the next ones' sight."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from jobs.profile import TEXT_COLUMNS, Pass, Profile, minor_units
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import by_currency, length_prefixed, match_key, rule, union_all
from shared.currency import EXPONENTS
from shared.errors import ReconError

CONTENT = ("posted_on", "amount", "currency", *TEXT_COLUMNS)


class TooManyPairsError(ReconError):
    """A pass would compare more pairs than the profile allows. A retry does not help, a narrower key does."""

    code = "TOO_MANY_PAIRS"


def match(engine: Engine, profile: Profile, currencies: Iterable[str]) -> None:
    """Reads `entries`. Names `pairs` (matched), `unmatched` (open rows) and `surplus` (open rows of matched blocks)."""
    engine.view("unmatched", everything("entries"))
    pairs: list[exp.Query] = []
    surplus = [everything("entries", "line_no").where(exp.false())]
    for number, step in enumerate(profile.passes, 1):
        engine.view("open_rows", prepared(step, currencies))
        found = f"found_{number}"
        if is_exact(step):
            engine.table(f"blocks_{number}", rule("blocks"))
            engine.view("blocks", everything(f"blocks_{number}"))
            engine.table(f"crowded_{number}", rule("crowded"))
            engine.view("crowded", everything(f"crowded_{number}"))
            engine.table(f"surplus_{number}", rule("surplus", unique=step.unique))
            surplus.append(everything(f"surplus_{number}"))
            matched = engine.table(found, rule("exact", **{"pass": step.name}, unique=step.unique))
        else:
            _refuse_too_many_pairs(engine, step, profile.limits.max_pairs)
            matched = engine.table(
                found, rule("window", **criteria(step), choose=int(not step.unique))
            )
        pairs.append(everything(found))
        if matched:
            engine.view("found", everything(found))
            engine.table(f"unmatched_{number}", rule("still_open"))
            engine.view("unmatched", everything(f"unmatched_{number}"))
    engine.view("pairs", union_all(pairs))
    engine.view("surplus", union_all(surplus))


def everything(table: str, *columns: str) -> exp.Select:
    return exp.select(*(columns or "*")).from_(table)


def is_exact(step: Pass) -> bool:
    return not step.amount.abs and not step.amount.bps and step.days == (0, 0)


def prepared(step: Pass, currencies: Iterable[str]) -> exp.Query:
    """Open rows with what a pass varies as columns, so that its rule is a fixed text."""
    keys = [column for column in step.on if column != "currency"]  # which is a criterion of its own
    tolerances = {code: minor_units(step.amount.abs, EXPONENTS[code]) for code in currencies}
    return exp.select(
        "*",
        match_key(keys).as_("match_key"),
        by_currency(tolerances).as_("tolerance"),
        length_prefixed(CONTENT).as_("content"),
    ).from_("unmatched")


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
    if (estimate["pairs"] or 0) > limit:
        raise TooManyPairsError(
            f"O passe {step.name} compararia {estimate['pairs']} pares (limite: {limit}); "
            f'a chave "{estimate["hot_key"]}" sozinha tem {estimate["hot_pairs"]}.',
            hint=f"Acrescente uma coluna a `on` do passe {step.name}, ponha antes dele um passe mais estreito, "
            "ou aumente limits.max_pairs do perfil.",
        )
