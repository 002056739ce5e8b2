"""`report.html`: one file that opens anywhere: the verdict, the bridge, the breaks, where the numbers come from.

The page's policy runs its own script and style, named by their hashes, and nothing else; a cell of the file is text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from jobs.profile import Materiality
from jobs.quicksight_prep.charts import Bar, Curve, Draw, curves, drawn, lying, standing
from jobs.quicksight_prep.explanation import why
from jobs.quicksight_prep.items import Row, currencies_of
from jobs.quicksight_prep.page_data import SHOWN
from jobs.quicksight_prep.phrases import (
    LANGUAGES,
    Duration,
    Money,
    Percent,
    Said,
    Short,
    ShortDay,
    all_of,
    phrases,
    say,
)
from jobs.quicksight_prep.summary import Summary
from shared.lines import in_reference, line_of_file
from shared.manifest import (
    BridgeLine,
    CurrencyFigures,
    Manifest,
    ReconciliationFigures,
    ValidationFigures,
)
from shared.taxonomy import Verdict

REJECTS = 200
"""Rejects that the page lists; the workbook lists all."""
TOP = 20
"""Breaks that are also there on paper, and where no script runs."""
_AMOUNT = re.compile(r"(-?)([A-Z]*\$|\b[A-Z]{3}) (?=\d)")
_TOTALS = ("total_a", "total_b", "net", "residual")


@dataclass(frozen=True)
class Run:
    """What a report tells of. source: the upload's address. materiality: None where it is no longer known."""

    validation: Manifest
    reconciliation: Manifest
    source: str
    materiality: Materiality | None

    @property
    def validated(self) -> ValidationFigures:
        return self.validation.figures_of(ValidationFigures)

    @property
    def figures(self) -> ReconciliationFigures:
        return self.reconciliation.figures_of(ReconciliationFigures)


def render_report(
    run: Run, summary: Summary, data: str, items: int, top: Sequence[Row], rejects: Sequence[Row]
) -> str:
    """data: the breaks, packed. items: how many breaks and pending entries there are, shown or not."""
    style, script = _text("report.css"), _text("report.js")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    figures = run.figures
    duplicated = {(row["side"], row["currency"]): row["items"] for row in summary.duplicated}
    main = max(figures.currencies, key=lambda of: of.rows_a + of.rows_b, default=None)
    return environment.from_string(_text("report.html.j2")).render(
        t=lambda key, *parts: both(Said(key, *parts)),
        both=both,
        money=lambda minor, currency: "–" if minor is None else both(Money(int(minor), currency)),
        row_class=lambda code: both(Said(f"class.{code}")),
        reason=lambda row: both(
            why(row["class"], row["explain"], row["currency"], currencies_of(row))
        ),
        proof=lambda name: both(_proof(name)),
        fees_of=_fees,
        sides=both(Said("sides", Said("side.a"), Said("side.b"))),
        duplicated=lambda side, currency: duplicated.get((side, currency), 0),
        shown=SHOWN,
        rejected=_rejected(run.validated),
        in_reference=in_reference,
        line_of_file=line_of_file,
        run=run,
        manifest=run.reconciliation,
        figures=figures,
        validated=run.validated,
        summary=summary,
        sentence=sentence(figures, summary, run.validated),
        lead=lead(run, summary),
        strip=_strip(figures, summary, run.validated),
        bridges=[_bridge(figures, of) for of in figures.currencies],
        charts=_charts(figures, summary, main) if main else [],
        classes=_classes(figures, summary),
        items=items,
        top=top,
        rejects=rejects,
        files=_files(run),
        provenance=_provenance(run),
        data=data,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def both(thing: Any) -> Markup:
    """A text in both languages, of which the page hides one."""
    joiner = "" if isinstance(thing, Money) else "\N{WORD JOINER}"  # a cell pastes as a number
    pt, en = (_unbroken(say(thing, language), joiner) for language in LANGUAGES)
    if pt == en:
        return escape(pt)
    return Markup('<span lang="pt-BR">{}</span><span lang="en">{}</span>').format(pt, en)


def _unbroken(text: str, joiner: str) -> str:
    """No line ends in an amount, after its minus or its currency."""
    return _AMOUNT.sub(lambda of: f"{of[1] and of[1] + joiner}{of[2]}\N{NO-BREAK SPACE}", text)


def sentence(
    figures: ReconciliationFigures, summary: Summary, validated: ValidationFigures
) -> Said:
    """The verdict in one sentence, with the figures that decide it."""
    key = f"sentence.{figures.verdict}"
    nets = [Money(of.net, of.currency) for of in figures.currencies]
    match figures.verdict:
        case Verdict.DIVERGENT:
            gross = [Money(of.gross, of.currency) for of in figures.currencies if of.gross]
            apart = [net for net in nets if net.minor]
            return Said(
                key if apart else "sentence.offset",
                Said("n.differ", summary.breaks),
                all_of(gross or nets),
                all_of(apart or nets),
            )
        case Verdict.AGREED_WITH_WARNINGS:
            parts = [Said("n.immaterial", summary.breaks)] if summary.breaks else []
            if rejected := _rejected(validated):
                parts.append(Said("n.rejected", rejected))
            return Said(key, all_of(parts or [Said("n.tolerated", all_of(nets))]))
        case Verdict.AGREED_WITH_PENDING:
            return Said(key, Said("n.waiting", summary.waiting))
        case Verdict.AGREED if nets:
            return Said(key, Said("n.matched", summary.matched("entries")[0]), all_of(nets))
        case Verdict.AGREED:
            return Said("sentence.nothing")
    return Said(key)


def lead(run: Run, summary: Summary) -> list[Said]:
    """What to know next: what is material, how old it is, what is not in the figures."""
    told = []
    if summary.breaks:
        many = run.figures.material_breaks
        told.append(Said("n.material", many) if many else Said("n.none_material"))
        if run.materiality and not run.materiality.break_:
            told.append(Said("all_material"))
        if summary.oldest:
            told.append(Said("n.oldest", summary.oldest))
    if rejected := _rejected(run.validated):
        told.append(Said("n.excluded", rejected))
    return [Said("full_stop", sentence) for sentence in told]


def facts_of(run: Run, summary: Summary) -> list[tuple[str, Any]]:
    """The same figures for the workbook's first sheet, in Portuguese; a name without a value heads what follows."""
    figures, validated = run.figures, run.validated
    facts: list[tuple[str, Any]] = [
        ("Resultado", figures.verdict.label),
        ("Em uma frase", say(sentence(figures, summary, validated), "pt")),
    ]
    for name, values, notes in _strip(figures, summary, validated):
        told = [
            value if isinstance(value, Money | Percent | int) else say(value, "pt")
            for value in values
        ]
        facts += [(say(name, "pt"), value) for value in told]
        facts += [("", say(note, "pt")) for note in notes if not isinstance(note, Money)]
    for of in figures.currencies:
        facts += [
            (f"Total A, {of.currency}", Money(of.total_a, of.currency)),
            (f"Total B, {of.currency}", Money(of.total_b, of.currency)),
        ]
    if summary.classes:
        facts.append(("Divergências e pendências por classe", None))
        facts += [
            (say(Said(f"class.{row['class']}"), "pt"), row["items"]) for row in summary.classes
        ]
    facts.append(("Conciliados por passe", None))
    facts += [(done.name, done.matches) for done in figures.passes]
    facts.append(("De onde vêm os números", None))
    for file in _files(run):
        facts += [
            (say(file["kind"], "pt").capitalize(), file["name"]),
            ("SHA-256", file["sha256"]),
            ("Registros", file["records"].lines),
            ("Cabeçalho e ignorados", file["records"].header + file["records"].skipped),
            ("Lançamentos", file["records"].entries),
            ("Rejeitados", file["records"].rejected),
        ]
    facts += [
        (say(name, "pt"), value if type(value) is date else say(value, "pt"))
        for name, value in _provenance(run)
    ]
    facts.append(("Nesta planilha", None))
    return facts


def _rejected(validated: ValidationFigures) -> int:
    return validated.rejected + (validated.reference.rejected if validated.reference else 0)


def _strip(
    figures: ReconciliationFigures, summary: Summary, validated: ValidationFigures
) -> list[tuple[Any, list[Any], list[Any]]]:
    """The figures on top: name, the figure in each currency, what it is of."""
    nets = [Money(of.net, of.currency) for of in figures.currencies]
    gross = [Money(of.gross, of.currency) for of in figures.currencies]
    part, whole = summary.matched("entries")
    shares = [Percent(*summary.matched("size", of.currency)) for of in figures.currencies]
    sizes = [
        Money(summary.matched("size", of.currency)[0], of.currency) for of in figures.currencies
    ]
    waiting: list[Any] = [Money(int(row["amount"]), row["currency"]) for row in summary.pending]
    if waiting:
        due = sum(row["due"] for row in summary.pending)
        waiting.append(Said("n.tomorrow", due) if due else Said("n.none_tomorrow"))
    lines = validated.lines + (validated.reference.lines if validated.reference else 0)
    return [
        (Said("net"), nets, []),
        (Said("gross"), gross, [Said("gross.note")]),
        (Said("matched.count"), [Percent(part, whole)], [Said("n.of_entries", part, whole)]),
        (Said("matched.value"), shares, [*sizes, Said("matched.note")]),
        (Said("pending"), [summary.waiting], waiting),
        (Said("rejected"), [_rejected(validated)], [Said("n.of_lines", lines)]),
    ]


def _bridge(figures: ReconciliationFigures, of: CurrencyFigures) -> dict[str, Any]:
    """From A to B in one currency, as a table and as steps from nothing to the difference."""
    lines = [line for line in figures.bridge if line.currency == of.currency]
    steps, reached = [], 0
    for line in lines:
        if line.line in _TOTALS or not line.amount:
            continue
        steps.append(
            Bar(
                _short_class(line.line),
                Short(line.amount, of.currency, signed=True),
                reached + line.amount,
                reached,
                "a" if line.amount > 0 else "b",
            )
        )
        reached += line.amount
    steps.append(Bar(Said("bridge.net"), Short(of.net, of.currency), of.net, 0, "total"))
    title = Said("bridge.of", of.currency)
    residual = next(line.amount for line in lines if line.line == "residual")
    return {
        "currency": of.currency,
        "title": title if len(figures.currencies) > 1 else Said("bridge"),
        "closes": not residual,
        "lines": [_bridge_line(line) for line in lines],
        "chart": drawn(f"bridge-{of.currency}", title, lying(steps)) if len(steps) > 1 else None,
    }


def _bridge_line(line: BridgeLine) -> dict[str, Any]:
    label = f"bridge.{line.line}" if line.line in _TOTALS else f"class.{line.line}"
    counted = line.line not in ("net", "residual")  # a difference of amounts has no items
    return {
        "line": line.line,
        "label": Said(label),
        "count": line.count if counted else None,
        "amount": line.amount,
        "total": line.line in _TOTALS,
    }


def _charts(
    figures: ReconciliationFigures, summary: Summary, main: CurrencyFigures
) -> list[dict[str, Any]]:
    """Charts of amounts are of the currency with most entries; the tables beside them are of all."""
    several = len(figures.currencies) > 1

    def titled(key: str) -> Said:
        return Said("in_currency", Said(key), main.currency) if several else Said(key)

    by_class = [
        Bar(
            _short_class(row["class"]),
            Said("dot", Short(gross, main.currency), row["items"]),
            gross,
            tone="a" if row["priority"] else "wait",
        )
        for row in summary.classes
        for gross in [summary.amounts.get((row["class"], main.currency), (0, 0))[1]]
        if row["priority"] or gross
    ]
    by_class.sort(key=lambda bar: -bar.end)
    ages = [
        Bar(_bucket(row["bucket"]), row["breaks"], row["breaks"], tone=_age_tone(row["bucket"]))
        for row in summary.ages
        if row["breaks"]
    ]
    days = [row for row in summary.days if row["currency"] == main.currency]
    sides = [
        Curve(Said(f"detail.{side}"), [int(row[f"amount_{side}"]) for row in days], side)
        for side in "ab"
    ]
    passes = [Bar(done.name, done.matches, done.matches, tone="ok") for done in figures.passes]
    by_day = "months" if summary.by_month else "days"
    named = [
        _month(row["posted_on"]) if summary.by_month else ShortDay(row["posted_on"]) for row in days
    ]
    charts = [
        ("classes", titled("classes"), lying(by_class) if by_class else None),
        ("ages", Said("ages"), standing(ages) if ages else None),
        (by_day, titled(by_day), _over_days(named, sides, main.currency)),
        ("passes", Said("passes"), lying(passes) if passes else None),
    ]
    return [
        {"name": name, "title": title, "chart": drawn(name, title, draw)}
        for name, title, draw in charts
        if draw
    ]


def _over_days(days: Sequence[Any], sides: Sequence[Curve], currency: str) -> Draw:
    if len(days) > 1:
        return curves(days, sides, currency)
    return lying(  # one day is no line
        [
            Bar(side.name, Short(side.values[0], currency), side.values[0], tone=side.tone)
            for side in sides
        ]
    )


def _classes(figures: ReconciliationFigures, summary: Summary) -> list[dict[str, Any]]:
    """A line a class and currency; a class without a difference (a finding) has one all the same."""
    lines = []
    for row in summary.classes:
        amounts = [
            (of.currency, *summary.amounts[row["class"], of.currency])
            for of in figures.currencies
            if (row["class"], of.currency) in summary.amounts
        ]
        lines.append(row | {"amounts": amounts})
    return lines


def _short_class(code: str) -> Said:
    short = f"short.{code}"
    return Said(short if short in phrases() else f"class.{code}")


def _bucket(name: str) -> Any:
    """`2-7` or, the last, `91+`."""
    first, _, _ = name.partition("+")
    return Said("age.over", int(first) - 1) if name.endswith("+") else name.replace("-", "–")


def _age_tone(bucket: str) -> str:
    return "a" if int(bucket.rstrip("+").partition("-")[0]) <= 7 else "warn"


def _month(first: date) -> Said:
    return Said("month", f"{first:%m}", f"{first:%Y}")


def _proof(name: str) -> Any:
    """An identity's name (`jobs.reconciliation.proof`) for people; an unknown one stays what it is."""
    if f"proof.{name}" in phrases():
        return Said(f"proof.{name}")
    kind, _, of = name.partition(" ")
    return Said(f"proof.{kind}", of) if f"proof.{kind}" in phrases() else name


def _fees(currency: str, fees: tuple[int, int]) -> Markup:
    charged, due = fees
    amounts = [Money(minor, currency) for minor in (charged, due, charged - due)]
    return both(Said("fees", *amounts))


def _files(run: Run) -> list[dict[str, Any]]:
    validated = run.validated
    found = [
        {
            "kind": Said("file.upload"),
            "name": run.source,
            "records": validated,
            "sha256": run.validation.inputs["file"],
        }
    ]
    if reference := validated.reference:
        put = Said("file.put", reference.put_at, Said("n.days", reference.age_days))
        found.append(
            {
                "kind": Said("dot", Said("file.reference"), put),
                "name": reference.name,
                "records": reference,
                "sha256": reference.sha256,
            }
        )
    return found


def _provenance(run: Run) -> list[tuple[Said, Any]]:
    done, seconds = run.reconciliation, run.validation.seconds + run.reconciliation.seconds
    speed = round(run.validated.entries / seconds) if seconds else 0
    return [
        (Said("from.job"), done.job_id),
        (Said("from.execution"), done.execution),
        (Said("from.profile"), Said("dot", done.profile, run.validation.inputs["profile"])),
        (Said("from.result"), run.figures.result_hash),
        (Said("from.engine"), run.figures.engine),
        (Said("from.versions"), ", ".join(f"{n} {v}" for n, v in done.versions.items())),
        (Said("from.validation"), Duration(run.validation.seconds)),
        (
            Said("from.reconciliation"),
            Said("dot", Duration(done.seconds), Said("from.rows_per_second", speed)),
        ),
        (Said("from.as_of"), run.figures.as_of),
        (Said("from.finished"), done.finished_at),
    ]


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
