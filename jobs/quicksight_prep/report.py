"""`report.html`: one file that opens anywhere: the verdict, the bridge, the breaks, where the numbers come from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from jobs.quicksight_prep.explanation import reason
from shared import ptbr
from shared.manifest import Manifest, ReconciliationFigures, ValidationFigures
from shared.taxonomy import ROW_CLASSES

SHOWN = 200
"""Breaks and rejects that the page shows; divergencias.csv holds all."""
_PROOFS = {
    "records": "Registros do arquivo = cabeçalho, pulados, rejeitados e lançamentos",
    "entries": "Lançamentos aceitos na validação = lançamentos na conciliação",
    "conservation ": "Nada some: lançamentos / soma na menor unidade, lado ",
    "every line once": "Cada linha em um só lugar: linhas / fora do lugar",
    "bridge ": "A ponte fecha: resíduo em ",
}


def render_report(
    validation: Manifest,
    reconciliation: Manifest,
    validated: ValidationFigures,
    reconciled: ReconciliationFigures,
    source: str,
    divergences: Sequence[dict[str, Any]],
    rejects: Sequence[dict[str, Any]],
) -> str:
    """Every cell of the file is escaped, and the page's policy runs no script at all."""
    style = _text("report.css")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "money": lambda minor, currency: (
            "–" if minor is None else ptbr.money(int(minor), currency).replace(" ", "\u00a0")
        ),
        "day": lambda value: "–" if value is None else ptbr.day(value),
        "count": ptbr.number,
        "entries": lambda rows: ptbr.count(rows, "lançamento", "lançamentos"),
        "proof": _proof,
        "row_class": lambda code: ROW_CLASSES[code].label,
    }
    return environment.from_string(_text("report.html.j2")).render(
        manifest=reconciliation,
        reason=reason,
        figures=reconciled,
        validation=validated,
        sentence=sentence(reconciled, validated),
        divergences=divergences,
        rejects=rejects,
        source=source,
        provenance=_provenance(validation, reconciliation, reconciled),
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def sentence(reconciled: ReconciliationFigures, validated: ValidationFigures) -> str:
    """The verdict in one sentence, with the figures that decide it."""
    parts = [ptbr.count(validated.entries, "lançamento lido", "lançamentos lidos")]
    if validated.rejected:
        parts.append(ptbr.count(validated.rejected, "linha rejeitada", "linhas rejeitadas"))
    parts.append(ptbr.count(reconciled.matches, "conciliação", "conciliações"))
    parts.append(
        ptbr.count(reconciled.breaks, "divergência", "divergências")
        if reconciled.breaks
        else "nenhuma divergência"
    )
    nets = " e ".join(ptbr.money(of.net, of.currency) for of in reconciled.currencies)
    told = ", ".join(parts)
    return f"{told}; diferença líquida de {nets}." if nets else f"{told}."


def _proof(name: str) -> str:
    """An identity's name (`jobs.reconciliation.proof`) for people; an unknown one stays what it is."""
    for start, words in _PROOFS.items():
        if name.startswith(start):
            return words + name.removeprefix(start)
    return name


def _provenance(
    validation: Manifest, reconciliation: Manifest, reconciled: ReconciliationFigures
) -> list[tuple[str, str]]:
    return [
        ("Job", reconciliation.job_id),
        ("Execução", reconciliation.execution),
        ("SHA-256 do arquivo", validation.inputs["file"]),
        ("SHA-256 do perfil", validation.inputs["profile"]),
        ("Hash do resultado", reconciled.result_hash),
        ("Motor", reconciled.engine),
        (
            "Versões",
            ", ".join(f"{name} {version}" for name, version in reconciliation.versions.items()),
        ),
        ("Validação", ptbr.duration(validation.seconds)),
        ("Conciliação", ptbr.duration(reconciliation.seconds)),
        ("Concluído em", ptbr.moment(reconciliation.finished_at)),
    ]


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
