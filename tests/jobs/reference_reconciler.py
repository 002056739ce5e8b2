"""The matching rules once more, slow and obvious: every pair is looked at. Shares no code with the job."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from jobs.profile import Pass, Profile
from tests.jobs.reconciliation_case import Entry

CARNIVAL = (date(2026, 2, 16), date(2026, 2, 17))  # the only holidays near DAY_ZERO
UNIT = {"BRL": 100, "USD": 100, "JPY": 1, "BHD": 1000}


@dataclass(frozen=True)
class Miss:
    """A pair of open rows with equal keys in one pass, and the criteria that it fails there."""

    number: int
    name: str
    a: Entry
    b: Entry
    failed: tuple[str, ...]
    suggests: bool
    delta: int

    @property
    def days(self) -> int:
        return self.b.day - self.a.day


@dataclass(frozen=True)
class Group:
    """The rows of both sides that share a group key and a currency."""

    step: Pass
    rows: tuple[Entry, ...]

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(e.line_no for e in self.rows)

    def _sum(self, side: str, column: str) -> int:
        values = ((getattr(e, column), e.amount) for e in self.rows if e.side == side)
        return sum(amount if value is None else value for value, amount in values)

    @property
    def sum_a(self) -> int:
        return self._sum("A", self.step.compare)

    @property
    def sum_b(self) -> int:
        return self._sum("B", self.step.compare)

    @property
    def delta(self) -> int:
        return self._sum("A", "amount") - self._sum("B", "amount")

    @property
    def agrees(self) -> bool:
        return _within(self.step, self.rows[0].currency, self.sum_a, self.sum_a - self.sum_b)

    def explain(self) -> dict[str, Any]:
        return {
            "candidate": None,
            "pass": self.step.name,
            "failed": ["group_sum"],
            "rows_a": sum(e.side == "A" for e in self.rows),
            "rows_b": sum(e.side == "B" for e in self.rows),
            "group_amount_a": self.sum_a,
            "group_amount_b": self.sum_b,
        }


@dataclass
class Outcome:
    """matches, pairs only: (pass, class, line A, line B, delta, days). groups: (pass, lines, sum of A, sum of B).
    breaks: by the line numbers of A and B. findings: by class and line.
    near: (pass, line A, line B, failed criteria, delta, days)."""

    matches: set[tuple[str, str, int, int, int, int]] = field(default_factory=set)
    groups: set[tuple[str, frozenset[int], int, int]] = field(default_factory=set)
    breaks: dict[tuple[int | None, int | None], dict[str, Any]] = field(default_factory=dict)
    findings: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    near: set[tuple[str, int, int, tuple[str, ...], int, int]] = field(default_factory=set)


def reconcile_slowly(entries: Sequence[Entry], profile: Profile, as_of: date) -> Outcome:
    outcome = Outcome()
    open_rows = sorted(entries, key=lambda e: e.line_no)
    occurrence = _occurrences(open_rows)
    row_id = {e.line_no: _row_id(e, occurrence[e.line_no]) for e in open_rows}
    surplus: dict[int, int] = {}
    wrongly_charged: list[tuple[str, Entry, Entry]] = []

    for step in profile.passes:
        if step.mode == "suggest":
            continue
        if step.kind == "group":
            for group in _groups(step, open_rows):
                if group.agrees:
                    for e in group.rows:
                        if off := _wrong_fee(profile, e):
                            finding = _fee_finding(profile, step.name, e, off)
                            outcome.findings["fee_mismatch", e.line_no] = finding
                    outcome.groups.add((step.name, group.lines, group.sum_a, group.sum_b))
                    open_rows = [e for e in open_rows if e.line_no not in group.lines]
            continue
        if (
            step.amount.abs == 0
            and step.amount.bps == 0
            and step.days == (0, 0)
            and step.calendar == "civil"
            and step.compare == "amount"
        ):
            pairs, left_over = _pair_equals(step, open_rows, occurrence)
            for line, kept in left_over.items():
                surplus[line] = min(kept, surplus.get(line, kept))
        else:
            pairs = _pair_closest(step, open_rows)
        for a, b in pairs:
            if _wrong_fee(profile, a) or _wrong_fee(profile, b):
                wrongly_charged.append((step.name, a, b))
                continue
            delta, days = a.amount - b.amount, b.day - a.day
            kind = "tolerance" if delta else "timing" if days else "exact"
            if delta != _value(step, a) - _value(step, b):
                kind = "net_of_fee"
            outcome.matches.add((step.name, f"matched_{kind}", a.line_no, b.line_no, delta, days))
        taken = {e.line_no for pair in pairs for e in pair}
        open_rows = [e for e in open_rows if e.line_no not in taken]

    for name, a, b in wrongly_charged:
        outcome.breaks[a.line_no, b.line_no] = _fee_break(profile, name, a, b, row_id, as_of)
    misses, crowded = _misses(profile, open_rows)
    outcome.near = {(m.name, m.a.line_no, m.b.line_no, m.failed, m.delta, m.days) for m in misses}
    ambiguous = {e.line_no for m in misses if not m.failed and not m.suggests for e in (m.a, m.b)}
    repeats = {e.line_no for e in open_rows if e.line_no in surplus or occurrence[e.line_no] > 1}
    duplicate = repeats - ambiguous
    mismatches = _mismatches(misses, duplicate | ambiguous)
    mismatched_groups = _mismatched_groups(profile, open_rows, mismatches.keys())
    explained = duplicate | ambiguous | mismatches.keys() | mismatched_groups.keys()
    suggestions = _suggestions(profile, misses, explained)

    for e in open_rows:
        age = max((as_of - e.posted_on).days, 0)
        grace = profile.grace.B if e.side == "A" else profile.grace.A  # how late the other may come
        waited = max(_days_between(e.posted_on, as_of, profile.grace.calendar), 0)
        mismatch = mismatches.get(e.line_no)
        suggestion = suggestions.get(e.line_no)
        explain = _explain(e, mismatch or suggestion, misses, open_rows, row_id, crowded)
        other = None
        group = mismatched_groups.get(e.line_no)
        if group:
            row_class = "group_sum_mismatch"
            explain = group.explain()
        elif e.line_no in duplicate:
            row_class = f"duplicate_{e.side.lower()}"
            equal = occurrence[e.line_no] > 1
            twin = _first_equal(e, entries) if equal else surplus[e.line_no]
            explain = {"candidate": None, "twin": twin, "equal": equal}
        elif e.line_no in ambiguous:
            row_class = "ambiguous"
        elif mismatch:
            if e.side == "B":
                continue  # told under A
            row_class, other = f"{mismatch.failed[0]}_mismatch", mismatch.b
        elif suggestion:
            if e.side == "B":
                continue  # told under A
            row_class, other = "suggested", suggestion.b
        elif _is_orphan(profile, e, entries):
            row_class = "reversal_orphan"
        elif waited < grace:
            row_class = "pending_in_transit"
        else:
            row_class = "missing_in_b" if e.side == "A" else "missing_in_a"
        a, b = (e, other) if e.side == "A" else (None, e)
        delta = (a.amount if a else 0) - (b.amount if b and b.currency == e.currency else 0)
        weighed = group.delta if group else delta
        if row_class == "date_mismatch":
            weighed = max(delta, e.amount, key=abs)
        floor = (profile.materiality.break_ or 0) * UNIT[e.currency]
        outcome.breaks[a.line_no if a else None, b.line_no if b else None] = {
            "class": row_class,
            "row_id": row_id[e.line_no],
            "counterpart_row_id": row_id[other.line_no] if other else None,
            "amount_a": a.amount if a else None,
            "amount_b": b.amount if b else None,
            "delta": delta,
            "age_days": age,
            "material": row_class not in ("pending_in_transit", "suggested")
            and abs(weighed) >= floor,
            "explain": explain,
        }
    outcome.findings |= _balance_breaks(entries)
    for (_, line), finding in outcome.findings.items():
        e = next(e for e in entries if e.line_no == line)
        floor = (profile.materiality.break_ or 0) * UNIT[e.currency]
        finding["side"] = e.side
        finding["row_id"] = row_id[line]
        finding["currency"] = e.currency
        finding["age_days"] = max((as_of - e.posted_on).days, 0)
        finding["material"] = abs(finding["delta"]) >= floor
    return outcome


def _first_equal(e: Entry, entries: Iterable[Entry]) -> int:
    return min(x.line_no for x in entries if x.side == e.side and _text(x) == _text(e))


def _balance_breaks(entries: Sequence[Entry]) -> dict[tuple[str, int], dict[str, Any]]:
    """By line: where a balance is not the one before it in its account plus what was posted since."""
    expected: dict[tuple[str, str | None, str], int] = {}
    found = {}
    for e in sorted(entries, key=lambda e: e.line_no):
        account = e.side, e.account, e.currency
        if account in expected:
            expected[account] += e.amount
        if e.balance is None:
            continue
        if e.balance != (due := expected.get(account, e.balance)):
            found["balance_break", e.line_no] = {
                "delta": e.balance - due,
                "explain": {
                    "candidate": None,
                    "failed": ["balance"],
                    "line": e.line_no,
                    "balance": e.balance,
                    "expected": due,
                },
            }
        expected[account] = e.balance
    return found


def _is_orphan(profile: Profile, e: Entry, entries: Iterable[Entry]) -> bool:
    if not profile.reversals or e.kind not in profile.reversals.kinds:
        return False

    def key(x: Entry) -> tuple[str | None, ...]:
        return tuple(_fields(x)[column] for column in profile.reversals.on if profile.reversals)

    if not any(key(e)):
        return True
    return not any(
        key(x) == key(e)
        and x.currency == e.currency
        and (x.amount > 0) != (e.amount > 0)
        and abs(x.amount) >= abs(e.amount)
        and x.day <= e.day
        for x in entries
    )


def _wrong_fee(profile: Profile, e: Entry) -> Fraction | None:
    """By how many minor units the fee is off, where that is more than may be."""
    if not profile.fees or e.gross is None or e.fee is None:
        return None
    rate = profile.fees.rates.get(str(_fields(e)[profile.fees.by]))
    if rate is None:
        return None
    off = abs(e.fee - Fraction(e.gross * rate, 10_000))
    allowed = int(profile.fees.tolerance * UNIT[e.currency]) + Fraction(1, 2)
    return off if off > allowed else None


def _fee_finding(profile: Profile, name: str, e: Entry, off: Fraction) -> dict[str, Any]:
    assert profile.fees
    assert e.gross is not None
    assert e.fee is not None
    rate = profile.fees.rates[str(_fields(e)[profile.fees.by])]
    due = abs(e.gross) * rate + 5_000  # rounded half away from zero
    return {
        "delta": e.fee - due // 10_000 * (1 if e.gross > 0 else -1),
        "explain": {
            "candidate": None,
            "pass": name,
            "failed": ["fee"],
            "line": e.line_no,
            "gross": e.gross,
            "fee": e.fee,
            "basis_points": rate,
        },
    }


def _fee_break(
    profile: Profile, name: str, a: Entry, b: Entry, row_id: dict[int, str], as_of: date
) -> dict[str, Any]:
    charged = a if _wrong_fee(profile, a) else b
    off = _wrong_fee(profile, charged)
    assert off
    assert profile.fees
    floor = (profile.materiality.break_ or 0) * UNIT[a.currency]
    return {
        "class": "fee_mismatch",
        "row_id": row_id[a.line_no],
        "counterpart_row_id": row_id[b.line_no],
        "amount_a": a.amount,
        "amount_b": b.amount,
        "delta": a.amount - b.amount,
        "age_days": max((as_of - a.posted_on).days, 0),
        "material": off >= floor,
        "explain": {
            "candidate": row_id[b.line_no],
            "pass": name,
            "failed": ["fee"],
            "gross": charged.gross,
            "fee": charged.fee,
            "basis_points": profile.fees.rates[str(_fields(charged)[profile.fees.by])],
        },
    }


def _text(e: Entry) -> str:
    fields = (e.posted_on, e.value_on, e.amount, e.currency, e.entry_id, e.account)
    fields += (e.reference,)
    fields += (e.description, e.counterparty, e.kind, e.group_key, e.gross, e.fee, e.net, e.balance)
    return "".join("-" if f is None else f"{len(str(f))}:{f}" for f in fields)


def _row_id(e: Entry, occurrence: int) -> str:
    digest = hashlib.sha256((e.side + _text(e)).encode()).hexdigest()[:32]
    return digest if occurrence == 1 else f"{digest}-{occurrence}"


def _occurrences(rows: Iterable[Entry]) -> dict[int, int]:
    """For each line, the how-manieth of its equals it is."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    place = {}
    for e in rows:
        seen[e.side, _text(e)] += 1
        place[e.line_no] = seen[e.side, _text(e)]
    return place


def _fields(e: Entry) -> dict[str, str | None]:
    fields = {"entry_id": e.entry_id, "reference": e.reference, "reference_norm": e.reference}
    fields |= {"description": e.description, "account": e.account, "kind": e.kind}
    fields |= {"counterparty": e.counterparty}
    fields |= {"group_key": e.group_key}
    return fields | {"amount": str(e.amount)}


def _key(e: Entry, step: Pass) -> tuple[str | None, ...] | None:
    fields = _fields(e)
    key = tuple(fields[column] for column in step.on if column != "currency")
    return None if key and all(part is None for part in key) else key


def _pairs(step: Pass, rows: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    for a in rows:
        for b in rows:
            same = a.side == "A" and b.side == "B" and _key(a, step) == _key(b, step)
            if same and _key(a, step) is not None:
                yield a, b


def _pair_equals(
    step: Pass, rows: Sequence[Entry], occurrence: dict[int, int]
) -> tuple[list[tuple[Entry, Entry]], dict[int, int]]:
    """The pairs, and each row that is one too many with the first of its side that is not."""
    blocks: dict[Any, dict[str, list[Entry]]] = defaultdict(lambda: {"A": [], "B": []})
    for e in rows:
        if _key(e, step) is not None:
            blocks[_key(e, step), e.currency, e.amount, e.day][e.side].append(e)
    pairs: list[tuple[Entry, Entry]] = []
    left_over: dict[int, int] = {}
    for block in blocks.values():
        if step.unique and (len(block["A"]), len(block["B"])) != (1, 1):
            continue
        for side in block.values():
            repeat = _occurrences(sorted(side, key=lambda e: e.line_no))
            side.sort(key=lambda e: (repeat[e.line_no], _text(e), e.line_no))
        matched = min(len(block["A"]), len(block["B"]))
        larger = max(block["A"], block["B"], key=len)
        one_too_many = "entry_id" in step.on or len({_text(e) for e in larger}) == 1
        if len(block["A"]) != len(block["B"]) and not one_too_many:
            continue
        pairs += zip(block["A"][:matched], block["B"][:matched], strict=True)
        if matched:
            for side in block.values():
                left_over |= dict.fromkeys([e.line_no for e in side[matched:]], side[0].line_no)
    return pairs, left_over


def _groups(step: Pass, rows: Sequence[Entry]) -> list[Group]:
    found: dict[tuple[Any, str], list[Entry]] = defaultdict(list)
    for e in rows:
        if _fields(e)[str(step.group_by)] is not None:
            found[_fields(e)[str(step.group_by)], e.currency].append(e)
    return [Group(step, tuple(g)) for g in found.values() if {e.side for e in g} == {"A", "B"}]


def _mismatched_groups(
    profile: Profile, rows: Sequence[Entry], explained: Iterable[int]
) -> dict[int, Group]:
    """By line: the group whose sums differ, of groups that are the only one of their key."""
    taken = set(explained)
    found: dict[int, Group] = {}
    for step in profile.passes:
        if step.kind != "group":
            continue
        left = [e for e in rows if e.line_no not in taken]
        for group in _groups(step, left):
            key = _fields(group.rows[0])[str(step.group_by)]
            in_one_currency = (
                len({e.currency for e in left if _fields(e)[str(step.group_by)] == key}) == 1
            )
            if in_one_currency and not group.agrees:
                found |= dict.fromkeys(group.lines, group)
        taken |= found.keys()
    return found


def _value(step: Pass, e: Entry) -> int:
    value: int | None = getattr(e, step.compare)
    return e.amount if value is None else value


def _within(step: Pass, currency: str, of_a: int, difference: int) -> bool:
    by_units = Fraction(step.amount.abs) * UNIT[currency]
    by_points = Fraction(abs(of_a) * step.amount.bps, 10_000)
    return abs(difference) <= by_units or abs(difference) <= by_points


def _pair_closest(step: Pass, rows: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    fits = [pair for pair in _pairs(step, rows) if not _failed(step, *pair)]
    if step.unique:
        return _closest(step, fits)
    pairs: list[tuple[Entry, Entry]] = []
    for _ in range(20):
        taken = {e.line_no for pair in pairs for e in pair}
        found = _round(step, [p for p in fits if not taken & {p[0].line_no, p[1].line_no}])
        if not found:
            break
        pairs += found
    return pairs


def _round(step: Pass, fits: Sequence[tuple[Entry, Entry]]) -> list[tuple[Entry, Entry]]:
    """Equal rows as one: the pairs of such that are closer than any other of both, then row by row."""
    groups: dict[tuple[str, str], list[tuple[Entry, Entry]]] = defaultdict(list)
    for a, b in fits:
        groups[_text(a), _text(b)].append((a, b))

    def cost(of: tuple[str, str]) -> tuple[int, int]:
        a, b = groups[of][0]
        return abs(_value(step, a) - _value(step, b)), abs(b.day - a.day)

    found: list[tuple[Entry, Entry]] = []
    for of, pairs in groups.items():
        rivals = [g for g in groups if g != of and (g[0] == of[0] or g[1] == of[1])]
        if all(cost(of) < cost(rival) for rival in rivals):
            rows_a, rows_b = ({p[side].line_no: p[side] for p in pairs} for side in (0, 1))
            found += [
                (rows_a[a], rows_b[b]) for a, b in zip(sorted(rows_a), sorted(rows_b), strict=False)
            ]
    return found


def _closest(step: Pass, fits: Sequence[tuple[Entry, Entry]]) -> list[tuple[Entry, Entry]]:
    """The pairs that are the best of both their rows."""

    def cost(pair: tuple[Entry, Entry]) -> tuple[int, int]:
        a, b = pair
        return (
            (0, 0) if step.unique else (abs(_value(step, a) - _value(step, b)), abs(b.day - a.day))
        )

    def is_the_best(
        pair: tuple[Entry, Entry], side: Callable[[tuple[Entry, Entry]], Entry]
    ) -> bool:
        rivals = [p for p in fits if side(p) == side(pair) and p != pair]
        return all(cost(pair) < cost(rival) for rival in rivals)

    return [p for p in fits if is_the_best(p, lambda q: q[0]) and is_the_best(p, lambda q: q[1])]


def _misses(profile: Profile, rows: Sequence[Entry]) -> tuple[list[Miss], set[int]]:
    misses = []
    crowded: set[int] = set()
    limit = profile.limits.max_candidates_per_row
    for number, step in enumerate(profile.passes, 1):
        if step.kind == "group":
            continue
        for a, b in _pairs(step, rows):
            peers = [e for e in rows if _key(e, step) == _key(a, step)]
            if max(sum(e.side == side for e in peers) for side in "AB") > limit:
                crowded |= {a.line_no, b.line_no}
                continue
            failed = _failed(step, a, b)
            delta = _value(step, a) - _value(step, b)
            misses.append(Miss(number, step.name, a, b, failed, step.mode == "suggest", delta))
    return misses, crowded


def _days_between(first: date, last: date, calendar: str) -> int:
    if first > last:
        return -_days_between(last, first, calendar)
    days = [first + timedelta(n) for n in range(1, (last - first).days + 1)]
    return len([d for d in days if calendar == "civil" or (d.weekday() < 5 and d not in CARNIVAL)])


def _failed(step: Pass, a: Entry, b: Entry) -> tuple[str, ...]:
    failed = []
    if a.currency != b.currency:
        failed.append("currency")
    of_a, of_b = _value(step, a), _value(step, b)
    if not _within(step, a.currency, of_a, of_a - of_b):
        failed.append("sign" if _within(step, a.currency, of_a, of_a + of_b) else "amount")
    if not step.days[0] <= _days_between(a.posted_on, b.posted_on, step.calendar) <= step.days[1]:
        failed.append("date")
    return tuple(failed)


def _mismatches(misses: Sequence[Miss], set_aside: set[int]) -> dict[int, Miss]:
    """By line: the miss of one criterion of a pair that is the only such pair of both its rows."""
    first: dict[tuple[int, int], Miss] = {}
    for miss in misses:  # in the order of the passes
        if len(miss.failed) == 1 and not miss.suggests:
            first.setdefault((miss.a.line_no, miss.b.line_no), miss)
    found = {}
    for a, b in first:
        alone = sum(a in pair or b in pair for pair in first) == 1
        if alone and a not in set_aside and b not in set_aside:
            found[a] = found[b] = first[a, b]
    return found


def _suggestions(profile: Profile, misses: Sequence[Miss], explained: set[int]) -> dict[int, Miss]:
    """By line: what a suggest pass proposes of the rows that nothing else explains, the first such pass first."""
    found: dict[int, Miss] = {}
    for number, step in enumerate(profile.passes, 1):
        fits = {
            (m.a, m.b): m
            for m in misses
            if m.suggests
            and m.number == number
            and not m.failed
            and not {m.a.line_no, m.b.line_no} & (explained | found.keys())
        }
        for a, b in _closest(step, list(fits)):
            found[a.line_no] = found[b.line_no] = fits[a, b]
    return found


def _explain(
    e: Entry,
    counterpart: Miss | None,
    misses: Sequence[Miss],
    open_rows: Sequence[Entry],
    row_id: dict[int, str],
    crowded: set[int],
) -> dict[str, Any]:
    def other(miss: Miss) -> str:
        return row_id[(miss.b if miss.a == e else miss.a).line_no]

    def rank(name: str) -> tuple[str, int]:
        digest, _, occurrence = name.partition("-")
        return digest, int(occurrence or 1)

    own = [m for m in misses if e in (m.a, m.b)]
    if own:
        nearest = min(
            own,
            key=lambda m: (
                m != counterpart,
                m.suggests,
                len(m.failed),
                abs(m.delta),
                abs(m.days),
                m.number,
                rank(other(m)),
            ),
        )
        alike = sorted(
            (m.b if m.a == e else m.a).line_no
            for m in own
            if (m.number, len(m.failed)) == (nearest.number, len(nearest.failed))
        )
        return {
            "candidate": other(nearest),
            "candidates": len(alike),
            **({} if nearest.failed else {"lines": alike[:10]}),
            "pass": nearest.name,
            "failed": list(nearest.failed),
            "delta": nearest.delta,
            "days": nearest.days,
        }

    if e.line_no in crowded:
        return {"candidate": None, "failed": ["max_candidates_per_row"]}

    def place(x: Entry) -> tuple[int, tuple[str, int]]:
        return x.day, rank(row_id[x.line_no])

    alike = [
        x
        for x in open_rows
        if x.side != e.side and (x.currency, x.amount) == (e.currency, e.amount)
    ]
    before = sorted((x for x in alike if place(x) < place(e)), key=place)[-1:]
    after = sorted((x for x in alike if place(x) > place(e)), key=place)[:1]
    if before or after:
        nearest_day = min(before + after, key=lambda x: (abs(x.day - e.day), *place(x)))
        days = (nearest_day.day - e.day) * (1 if e.side == "A" else -1)
        return {
            "candidate": row_id[nearest_day.line_no],
            "failed": ["key"],
            "delta": 0,
            "days": days,
        }
    return {"candidate": None}
