"""Why the rows that no pass matched stayed open: the class of each, its nearest candidate, and one line a break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from jobs.profile import Profile, minor_units
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.passes import CONTENT, criteria, leave_open, of_pass, prepared, sums
from jobs.reconciliation.rules import (
    Sql,
    by_currency,
    everything,
    match_key,
    nothing,
    rule,
    sql,
    union_all,
    values,
)
from shared.currency import EXPONENTS
from shared.taxonomy import ROW_CLASSES

_NEAR = {
    "pass_number": "int",
    "suggests": "boolean",
    "line_a": "bigint",
    "line_b": "bigint",
    "tie_break_a": "bigint",
    "tie_break_b": "bigint",
    "delta": "decimal(38, 0)",
    "delta_days": "int",
    "days_apart": "int",
    "first_day": "int",
    "last_day": "int",
    "allowed_10000": "decimal(38, 0)",
    "fails_currency": "boolean",
    "fails_amount": "boolean",
    "fails_sign": "boolean",
    "fails_date": "boolean",
    "failures": "int",
}
_GROUP_MISMATCH = {
    "line_no": "bigint",
    "pass_number": "int",
    "group_id": "text",
    "count_a": "bigint",
    "count_b": "bigint",
    "group_amount_a": "decimal(38, 0)",
    "group_amount_b": "decimal(38, 0)",
    "delta": "decimal(38, 0)",
}
_FOUND_ROW = {
    "line_no": "bigint",
    "side": "text",
    "currency": "text",
    "age_days": "int",
    "row_id": "text",
}
_COUNTERPART = ("line_a", "line_b", "class", "pass_number")
_FOREVER = 10_000_000  # days: more than the calendar has


def class_open_rows(
    engine: Engine, profile: Profile, currencies: Sequence[str], as_of: date
) -> Sql:
    """Reads what `match` left. Names `near` and `passes`. Returns the query of the breaks."""
    engine.view("broken", rule("broken") if profile.fees else everything("unmatched"))
    engine.table("open_ids", rule("open_ids", content=CONTENT))
    engine.view("unmatched", everything("open_ids"))
    if profile.fees:
        engine.view("found", everything("fee_mismatches", "line_a", "line_b"))
        leave_open(engine, "unexplained")
    _compare(engine, profile, currencies)
    for name in ("set_aside", "mismatches", "neighbours"):
        engine.table(name, rule(name))
    _group(engine, profile, currencies)
    _pair_off(engine, profile)
    _find_orphans(engine, profile)
    engine.table("classed", rule("classed", as_of=as_of))
    engine.table("explained", rule("explained"))
    if engine.table("findings", rule("findings")):
        engine.table("found_rows", rule("found_rows", content=CONTENT, as_of=as_of))
    else:
        engine.view("found_rows", nothing(_FOUND_ROW))
    engine.view("classes", _classes())
    engine.view("buckets", _buckets(profile.aging.buckets))
    return rule(
        "breaks", as_of=as_of, profile=profile.name, threshold=_threshold(profile, currencies)
    )


def _compare(engine: Engine, profile: Profile, currencies: Iterable[str]) -> None:
    """Names `near` and `crowded_keys`: open rows beside each other under each pass."""
    limit = profile.limits.max_candidates_per_row
    passes = list(enumerate(profile.passes, 1))
    near_misses, crowded_keys = [nothing(_NEAR)], [nothing({"line_no": "bigint"})]
    for number, step in passes:
        if step.kind == "group":
            continue
        engine.view("open_rows", prepared(step, currencies))
        of_pass(engine, "keys", number, rule("keys"))
        near = rule(
            "near",
            **criteria(step),
            number=number,
            suggests=step.mode == "suggest",
            max_candidates=limit,
        )
        engine.table(f"near_{number}", near)
        engine.table(f"crowded_keys_{number}", rule("crowded_keys", max_candidates=limit))
        near_misses.append(everything(f"near_{number}"))
        crowded_keys.append(everything(f"crowded_keys_{number}"))
    names = [(number, step.name) for number, step in passes]
    engine.view("passes", values("passes", ("pass_number", "pass_name"), names))
    engine.view("near", union_all(near_misses))
    engine.view("crowded_keys", union_all(crowded_keys))


def _group(engine: Engine, profile: Profile, currencies: Iterable[str]) -> None:
    """Names `group_mismatches`: open rows of groups whose sums differ, but for the two rows of a mismatch."""
    found = [nothing(_GROUP_MISMATCH)]
    engine.view("found", everything("mismatches", "line_a", "line_b"))
    for number, step in enumerate(profile.passes, 1):
        if step.kind != "group":
            continue
        leave_open(engine, f"ungrouped_{number}")
        engine.view("open_rows", prepared(step, currencies))
        engine.table(f"open_groups_{number}", rule("groups", **sums(step)))
        engine.view("groups", everything(f"open_groups_{number}"))
        of_pass(engine, "group_mismatches", number, rule("group_mismatches", number=number))
        engine.view(
            "found", everything("group_mismatches", "line_no as line_a", "line_no as line_b")
        )
        found.append(everything(f"group_mismatches_{number}"))
    engine.view("group_mismatches", union_all(found))


def _find_orphans(engine: Engine, profile: Profile) -> None:
    """Names `reversal_orphans`: open rows that say they reverse another, which is nowhere."""
    if not (reversals := profile.reversals):
        engine.view("reversal_orphans", nothing({"line_no": "bigint"}))
        return
    key = f"{match_key(reversals.on)} as match_key"
    keyed = ("line_no", "posted_on", "amount", "currency", key)
    kinds = ", ".join(map(sql, reversals.kinds))
    engine.view("keyed_entries", everything("entries", *keyed))
    engine.view("reversals", everything(f"open_ids where kind in ({kinds})", *keyed))
    engine.table("reversal_orphans", rule("reversal_orphans"))


def _pair_off(engine: Engine, profile: Profile) -> None:
    """Names `counterpart_pairs`: open rows that explain each other, by mismatch or else by suggestion."""
    found = ["mismatches", "fee_mismatches"]
    for number, step in enumerate(profile.passes, 1):
        if step.mode != "suggest":
            continue
        lines = [
            everything(n, f"{line} as line_no") for n in found for line in ("line_a", "line_b")
        ]
        for name in ("set_aside", "group_mismatches"):
            lines.append(everything(name, "line_no"))
        engine.view("explained_rows", union_all(lines))
        suggested = rule("suggestions", number=number, choose=int(not step.unique))
        engine.table(f"suggestions_{number}", suggested)
        found.append(f"suggestions_{number}")
    engine.view("counterpart_pairs", union_all(everything(name, *_COUNTERPART) for name in found))


def _threshold(profile: Profile, currencies: Iterable[str]) -> Sql:
    floor = profile.materiality.break_ or Decimal(0)
    return by_currency({code: -minor_units(-floor, EXPONENTS[code]) for code in currencies})


def _classes() -> Sql:
    columns = ("class", "label_pt", "priority", "outcome")
    return values(
        "classes", columns, [(c.code, c.label, c.priority, c.outcome) for c in ROW_CLASSES.values()]
    )


def _buckets(limits: Sequence[int]) -> Sql:
    """Ages in days: `0-1`, `2-7`, …, `91+`."""
    firsts = [0, *(last + 1 for last in limits)]
    rows = [(first, last, f"{first}-{last}") for first, last in zip(firsts, limits, strict=False)]
    return values(
        "buckets",
        ("first_day", "last_day", "bucket"),
        [*rows, (firsts[-1], _FOREVER, f"{firsts[-1]}+")],
    )
