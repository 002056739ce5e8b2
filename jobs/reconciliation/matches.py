"""What the passes matched, as the result tells it."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.profile import Profile
from jobs.reconciliation.named import Names
from jobs.reconciliation.rules import Sql, by_value, rule

_KINDS = ("pair", "group")
_CLASSES = (
    "matched_exact",
    "matched_timing",
    "matched_tolerance",
    "matched_net_of_fee",
    "matched_group",
)


def matches(profile: Profile, currencies: Sequence[str]) -> tuple[Sql, Names]:
    """Reads the `pairs` and `group_rows` of `match`. The query, and what its numbers stand for."""
    names = {
        "pass_name": [step.name for step in profile.passes],
        "kind": _KINDS,
        "class": _CLASSES,
        "currency": currencies,
    }
    numbers = {column: {text: n for n, text in enumerate(of)} for column, of in names.items()}
    query = rule(
        "matches",
        pass_number=by_value("pass_name", numbers["pass_name"]),
        currency_number=by_value("currency", numbers["currency"]),
        **numbers["kind"],
        **numbers["class"],
    )
    return query, names
