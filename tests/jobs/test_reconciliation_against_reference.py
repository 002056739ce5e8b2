"""Random small files under random profiles: the SQL rules and the slow reference conclude the same, row by row."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from jobs.profile import Profile
from shared.taxonomy import ROW_CLASSES
from tests.jobs.reconciliation_case import (
    DAY_ZERO,
    DEFAULT_PASSES,
    Entry,
    numbered,
    profile_of,
    run,
)
from tests.jobs.reference_reconciler import Outcome, reconcile_slowly

CASES = 100
BATCHES = 10
KEY_COLUMNS = ("entry_id", "reference_norm", "description", "currency")
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
LATER = {
    "matched_net_of_fee",
    "matched_group",
    "suggested",
    "group_sum_mismatch",
    "fee_mismatch",
    "reversal_orphan",
    "balance_break",
}


def case(seed: int) -> tuple[list[Entry], Profile]:
    random = Random(seed)
    return numbered(_entries(random)), _profile(random)


def _entries(random: Random) -> list[Entry]:
    amounts = [100, 101, 105, 106, -100, 5000, 0]
    if random.random() < 0.3:
        amounts += [LARGEST, SMALLEST, LARGEST - 1, SMALLEST + 3]
    keys = [None, *"abcdefgh"[: random.randint(1, 8)]]
    entries: list[Entry] = []
    for _ in range(random.randint(0, 40)):
        if entries and random.random() < 0.2:
            entries.append(random.choice(entries))  # an equal row
            continue
        entries.append(
            Entry(
                side=random.choice("AB"),
                amount=random.choice(amounts),
                entry_id=random.choice(keys),
                reference=random.choice(keys),
                day=random.choice((0, 0, 0, 1, 2, 5)),
                currency=random.choice(("BRL", "BRL", "BRL", "JPY")),
                description=random.choice((None, None, "1:a", "é")),
            )
        )
    return entries


def _profile(random: Random) -> Profile:
    if random.random() < 0.3:
        return profile_of(DEFAULT_PASSES, _limits(random))
    passes = []
    for number in range(random.randint(1, 4)):
        columns = random.sample(KEY_COLUMNS, random.randint(1, 3))
        units, points = (
            random.choice(("0", "0", "0.05", "1.005")),
            random.choice((0, 0, 50, 10_000)),
        )
        days = random.choice(([0, 0], [0, 0], [0, 2], [-1, 0], [-1, 2]))
        passes.append(
            f'[[passes]]\nname = "p{number}"\non = {json.dumps(columns)}\n'
            f'amount = {{ abs = "{units}", bps = {points} }}\ndays = {days}\n'
            f"unique = {random.choice(('true', 'false'))}\n"
        )
    return profile_of("".join(passes), _limits(random))


def _limits(random: Random) -> str:
    return (
        f"[limits]\nmax_candidates_per_row = {random.choice((1, 3, 50))}\n"
        f"[grace]\nA = {random.choice((0, 3))}\nB = {random.choice((0, 3))}\n"
        + random.choice(("", '[materiality]\nbreak = "1.005"\n'))
    )


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_rules_conclude_what_the_slow_reference_concludes(batch: int, tmp_path: Path) -> None:
    for seed in range(batch, CASES, BATCHES):
        entries, profile = case(seed)
        as_of = DAY_ZERO + timedelta(days=4)
        shuffled = Random(seed).sample(entries, len(entries))
        ordered = run(tmp_path / f"{seed}", entries, profile, as_of)
        mixed = run(tmp_path / f"{seed}-mixed", entries, profile, as_of, shuffled)
        expected = reconcile_slowly(entries, profile, as_of)

        found = Outcome(
            {
                tuple(
                    m[k] for k in ("pass_name", "class", "line_a", "line_b", "delta", "delta_days")
                )
                for m in ordered.matches
            },
            {
                (b["line_a"], b["line_b"]): {
                    k: json.loads(b[k]) if k == "explain" else b[k]
                    for k in (
                        "class",
                        "row_id",
                        "counterpart_row_id",
                        "amount_a",
                        "amount_b",
                        "delta",
                        "age_days",
                        "material",
                        "explain",
                    )
                }
                for b in ordered.breaks
            },
        )
        assert found.matches == expected.matches, seed
        assert found.breaks == expected.breaks, seed
        assert mixed.result.figures == ordered.result.figures, seed


def test_the_random_files_reach_every_class_that_this_version_knows() -> None:
    reached = set()
    for seed in range(CASES):
        outcome = reconcile_slowly(*case(seed), DAY_ZERO + timedelta(days=4))
        reached |= {m[1] for m in outcome.matches} | {b["class"] for b in outcome.breaks.values()}
    assert reached == ROW_CLASSES.keys() - LATER
