"""What profile would reconcile a statement against a ledger of its own: by what their first rows have in common."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jobs.profile import parse_profile
from jobs.validation.judgement import normalised
from recon.profile.draft import MAX_AGE_DAYS, Draft, toml_of_two
from recon.profile.preview import preview
from recon.profile.proposal import Proposal, found_out, read
from shared.ptbr import count, number

Entries = Sequence[Mapping[str, Any]]
_NAMES = {"entry_id": "id", "reference": "referência"}


@dataclass(frozen=True)
class _Common:
    """keys: of each that both have, the values in common. amounts, opposites: of these, as written and negated."""

    keys: Mapping[str, int]
    amounts: int
    opposites: int


def propose_against(reference: bytes, head: bytes, name: str) -> Proposal:
    """reference: the first bytes of the ledger. Raises UsageError where the columns of either tell too little."""
    ledger, of_ledger = found_out(reference, name, " do razão")
    upload, of_upload = found_out(head, name, " do extrato")
    keys = [key for key in ledger.keys if key in upload.keys]
    common = _common(keys, read(ledger, reference).entries, read(upload, head).entries)
    ledger = replace(ledger, inverse=common.opposites > common.amounts)
    text = toml_of_two(ledger, upload, [key for key, many in common.keys.items() if many])
    profile = parse_profile(text.encode(), name)
    assert profile.reference_file
    return Proposal(
        name,
        text,
        (
            *_remarks(ledger, upload, common),
            *(f"Razão: {remark}" for remark in of_ledger),
            *(f"Extrato: {remark}" for remark in of_upload),
        ),
        preview(io.BytesIO(head), profile.upload),
        preview(io.BytesIO(reference), profile.reference_file),
    )


def _common(keys: Sequence[str], ledger: Entries, statement: Entries) -> _Common:
    of_keys = {}
    for key in keys:
        mine, theirs = ({_compared(row, key) for row in of} - {None} for of in (ledger, statement))
        of_keys[key] = len(mine & theirs)
    amounts = Counter(row["amount"] for row in statement)
    same, opposite = (
        (Counter(sign * row["amount"] for row in ledger) & amounts).total() for sign in (1, -1)
    )
    return _Common(of_keys, same, opposite)


def _compared(row: Mapping[str, Any], key: str) -> str | None:
    text: str | None = row[key]
    return normalised(text) if key == "reference" else text


def _remarks(ledger: Draft, upload: Draft, common: _Common) -> Iterator[str]:
    for key, many in common.keys.items():
        name = _NAMES[key]
        if many:
            yield f"Os dois têm {name} ({key}), com {count(many, 'valor', 'valores')} em comum: há um passe por {name}."
        else:
            yield f"Os dois têm {name} ({key}), mas sem valor em comum nestas linhas: não há passe por {name}."
    if not any(common.keys.values()):
        yield "Sem id nem referência em comum, os pares saem de valor e data, se forem únicos."
    if ledger.inverse:
        yield (
            f'O razão vai com sign = "inverse": com o sinal trocado, {number(common.opposites)} dos valores coincidem '
            f"com os do extrato; como estão, {number(common.amounts)}."
        )
    elif not common.amounts:
        yield "Nenhum valor destas linhas é o mesmo nos dois: confira se são da mesma conta e dos mesmos dias."
    for file, draft in (("razão", ledger), ("extrato", upload)):
        if draft.sides:
            column = draft.columns["side"]
            yield f"No {file} a coluna {column!r} diz dois lados: se traz mesmo os dois, proponha sem --reference."
    yield f"Uma referência serve por {MAX_AGE_DAYS} dias: confira max_age_days."
