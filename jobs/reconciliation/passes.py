"""The profile's passes, in order: each pairs rows that are still open and takes them out of the next ones' sight."""

from __future__ import annotations

from collections.abc import Iterable

from jobs.profile import AMOUNT_COLUMNS, TEXT_COLUMNS, Pass, Profile, minor_units
from jobs.reconciliation.days import name_days
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import (
    Sql,
    by_currency,
    day_number,
    everything,
    key_value,
    length_prefixed,
    match_key,
    nothing,
    rule,
    sql,
    union_all,
    values,
)
from shared.currency import EXPONENTS
from shared.errors import ReconError
from shared.lines import told

_PAIR = {
    "pass_name": "text",
    "line_a": "bigint",
    "line_b": "bigint",
    "currency": "text",
    "delta": "decimal(38, 0)",
    "value_delta": "decimal(38, 0)",
    "delta_days": "int",
}
_GROUP_ROW = {
    "pass_name": "text",
    "match_id": "text",
    "line_a": "bigint",
    "line_b": "bigint",
    "currency": "text",
    "delta": "decimal(38, 0)",
    "group_amount_a": "decimal(38, 0)",
    "group_amount_b": "decimal(38, 0)",
}
_CROWDED = {
    "line_no": "bigint",
    "pairs": "bigint",
    "occurrence": "bigint",
    "first_line": "bigint",
    "kept": "bigint",
}
_WRONGLY_CHARGED = {
    "line_no": "bigint",
    "gross": "bigint",
    "fee": "bigint",
    "basis_points": "int",
    "off_10000": "decimal(38, 0)",
    "delta": "decimal(38, 0)",
}
_FEE_MISMATCH = {
    "line_a": "bigint",
    "line_b": "bigint",
    "class": "text",
    "pass_number": "int",
    "pass_name": "text",
    "gross": "bigint",
    "fee": "bigint",
    "basis_points": "int",
    "off_10000": "decimal(38, 0)",
}
_ROUNDS = 20  # of a tolerance pass, so that no file can make a run endless
# What makes two rows of a side equal.
CONTENT = length_prefixed(
    ("posted_on", "value_on", "amount", "currency", *TEXT_COLUMNS, *AMOUNT_COLUMNS)
)


class TooManyPairsError(ReconError):
    """A pass would compare more pairs than the profile allows. A retry does not help, a narrower key does.

    `pairs` and `group_rows` are then what the passes before it matched.

    details: what the passes before it matched, and the pairs and limit of this one.
    """

    code = "TOO_MANY_PAIRS"


def match(engine: Engine, profile: Profile, currencies: Iterable[str], rows: int) -> None:
    """Reads `entries`, so many rows.

    Names `days`, `pairs`, `group_rows` (both matched), `unmatched`, `crowded` (had rivals).
    """
    name_days(engine, profile)
    engine.view("unmatched", everything("entries"))
    found = [nothing(_PAIR)]
    group_rows = [nothing(_GROUP_ROW)]
    crowded = [nothing(_CROWDED)]
    for number, step in enumerate(profile.passes, 1):
        if step.mode == "suggest":
            continue
        engine.view("open_rows", prepared(step, currencies))
        if step.kind == "group":
            of_pass(engine, "groups", number, rule("groups", **sums(step)))
            taken = of_pass(engine, "found", number, rule("grouped", **{"pass": step.name}))
        elif is_exact(step):
            taken = _match_exactly(engine, step, number, rows)
            crowded.append(everything(f"crowded_{number}", *_CROWDED))
        else:
            if refusal := _too_many_pairs(engine, profile, number):
                engine.view("pairs", union_all(found))
                engine.view("group_rows", union_all(group_rows))
                raise refusal
            of_pass(engine, "candidates", number, rule("candidates", **criteria(step)))
            contested = of_pass(engine, "contested", number, rule("contested", content=CONTENT))
            rounds = [rule("uncontested")]
            if contested and not step.unique:
                rounds += _in_rounds(engine, number)
                crowded.append(everything(f"contested_{number}", *_CROWDED))
            taken = of_pass(engine, "found", number, union_all(rounds))
        (group_rows if step.kind == "group" else found).append(everything(f"found_{number}"))
        if taken:
            rows = leave_open(engine, f"unmatched_{number}")
    engine.view("matched_pairs", union_all(found))
    _check_fees(engine, profile, currencies)
    engine.view("group_rows", union_all(group_rows))
    engine.view("crowded", union_all(crowded))


def _match_exactly(engine: Engine, step: Pass, number: int, rows: int) -> int:
    """Names `found` for what else is taken, and its rows, once the sole pairs are out of sight: nearly all rows of most
    files, so that what is left to be looked at is small."""
    # To group all rows costs nearly twice as much as to join them, but has an end where a key is hot.
    sole = engine.once(f"sole_pairs_{number}", rule("equal_pairs"), most=rows)
    if sole is None:
        sole = engine.table(f"sole_pairs_{number}", rule("sole_pairs"))
    if sole:
        engine.view("found", everything(f"sole_pairs_{number}"))
        leave_open(engine, f"apart_{number}")
    of_pass(engine, "blocks", number, rule("blocks"))
    one_id = "entry_id" in step.on
    numbered = rule("crowded", unique=step.unique, one_id=one_id, content=CONTENT)
    crowded = of_pass(engine, "crowded", number, numbered)
    own = {name: Sql(f"{name}_{number}") for name in ("sole_pairs", "crowded")}
    # A view: what it finds is there already, and nearly as long as the file.
    engine.view(f"found_{number}", rule("exact", **{"pass": step.name}, **own))
    in_place = f"crowded_{number} where place <= pairs"
    engine.view("found", everything(in_place, "line_no as line_a", "line_no as line_b"))
    return crowded


def _in_rounds(engine: Engine, number: int) -> list[Sql]:
    """A row whose closest candidate went to a closer row gets its next one in a later round."""
    rounds: list[Sql] = []
    left = of_pass(engine, "rivals", number, rule("rivals"))
    while left and len(rounds) < _ROUNDS:
        found = f"closest_{number}_{len(rounds) + 1}"
        if not engine.table(found, rule("closest")):
            break
        engine.view("closest", everything(found))
        rounds.append(everything(found))
        still = f"rivals_{number}_{len(rounds)}"
        left = engine.table(still, rule("still_rivals"))
        engine.view("rivals", everything(still))
    return rounds


def _check_fees(engine: Engine, profile: Profile, currencies: Iterable[str]) -> None:
    """Names `wrongly_charged`: entries whose fee is not the contract's; `fee_mismatches`: pairs that have one; `pairs`:
    the others."""
    if not (fees := profile.fees):
        engine.view("wrongly_charged", nothing(_WRONGLY_CHARGED))
        engine.view("fee_mismatches", nothing(_FEE_MISMATCH))
        engine.view("pairs", everything("matched_pairs"))
        return
    allowed = {code: minor_units(fees.tolerance, EXPONENTS[code]) for code in currencies}
    rated = (
        "line_no",
        "gross",
        "fee",
        f"{fees.by} as rate_key",
        f"{by_currency(allowed)} as allowed",
    )
    known = "entries where gross is not null and fee is not null"
    engine.view("rated_entries", everything(known, *rated))
    engine.view("rates", values("rates", ("rate_key", "basis_points"), fees.rates.items()))
    engine.table("wrongly_charged", rule("wrongly_charged"))
    engine.table("fee_mismatches", rule("fee_mismatches"))
    engine.view("pairs", rule("rightly_charged"))


def of_pass(engine: Engine, name: str, number: int, query: Sql) -> int:
    """Names a table that each pass has its own of; the name alone means the latest. Its rows."""
    rows = engine.table(f"{name}_{number}", query)
    engine.view(name, everything(f"{name}_{number}"))
    return rows


def leave_open(engine: Engine, name: str) -> int:
    """Names the rows of `unmatched` that `found` does not name, which are `unmatched` from here on; their number."""
    rows = engine.rest(name, "unmatched", "found")
    engine.view("unmatched", everything(name))
    return rows


def is_exact(step: Pass) -> bool:
    """Whether rows that match are equal in all that counts, so that their number decides and not their distance."""
    return (
        not step.amount.abs
        and not step.amount.bps
        and step.days == (0, 0)
        and step.calendar == "civil"
        and step.compare == "amount"
    )


def prepared(step: Pass, currencies: Iterable[str]) -> Sql:
    """Open rows with what a pass varies as columns, so that its rule is a fixed text."""
    tolerances = {code: minor_units(step.amount.abs, EXPONENTS[code]) for code in currencies}
    rows = "unmatched"
    if step.calendar == "br-bank":
        rows += " join days on days.posted_on = unmatched.posted_on"
    return everything(
        rows,
        "unmatched.*",
        f"{match_key(key_columns(step))} as match_key",
        f"{_value(step)} as value",
        f"{by_currency(tolerances)} as tolerance",
        f"{day_number(step.calendar)} as day_number",
    )


def key_columns(step: Pass) -> list[str]:
    """Without the currency, which is a criterion of its own in every pass."""
    return [step.group_by] if step.group_by else [c for c in step.on if c != "currency"]


def criteria(step: Pass) -> dict[str, str | int]:
    """What the rules `candidates` and `near` compare by."""
    first, last = step.days
    return {
        "pass": step.name,
        "basis_points": step.amount.bps,
        "first_day": first,
        "last_day": last,
    }


def sums(step: Pass) -> dict[str, str | int]:
    """What the rule `groups` compares by."""
    return {"pass": step.name, "basis_points": step.amount.bps}


def _value(step: Pass) -> str:
    return "amount" if step.compare == "amount" else f"coalesce({step.compare}, amount)"


def _too_many_pairs(engine: Engine, profile: Profile, number: int) -> TooManyPairsError | None:
    step, limit = profile.passes[number - 1], profile.limits.max_pairs
    (estimate,) = engine.fetch(rule("estimate"))
    if (estimate["pairs"] or 0) <= limit:
        return None
    of_hot_key = f"open_rows where match_key = {sql(estimate['hot_key'])}"
    columns = key_columns(step)
    key_values = (f"{key_value(column)} as key_{column}" for column in columns)
    hot = everything(f"{of_hot_key} order by line_no limit 1", "line_no", "side", *key_values)
    (row,) = engine.fetch(hot)
    place = f"{told(row['line_no'])} (lado {row['side']})"
    key = ", ".join(f'{column} = "{str(row[f"key_{column}"])[:80]}"' for column in columns)
    return TooManyPairsError(
        f"O passe {step.name} compararia {estimate['pairs']} pares (limite: {limit}); "
        f"a chave da {place} sozinha tem {estimate['hot_pairs']}.",
        hint=f"Acrescente uma coluna a `on` do passe {step.name}, ponha antes dele um passe mais estreito, "
        "ou aumente limits.max_pairs do perfil.",
        details={
            "passes": _done(engine, profile.passes[: number - 1]),
            "stopped_at": step.name,
            "pairs": estimate["pairs"],
            "max_pairs": limit,
            "hot_key_pairs": estimate["hot_pairs"],
        },
        quote=f"A chave: {key or 'vazia'}.",
    )


def _done(engine: Engine, steps: Iterable[Pass]) -> list[dict[str, str | int]]:
    """What each pass matched, a group as one, before a later one was refused."""
    done: list[dict[str, str | int]] = []
    for number, step in enumerate(steps, 1):
        if step.mode == "suggest":
            continue
        counted = "count(distinct match_id)" if step.kind == "group" else "count(*)"
        (row,) = engine.fetch(everything(f"found_{number}", f"{counted} as matches"))
        done.append({"name": step.name, "matches": row["matches"]})
    return done
