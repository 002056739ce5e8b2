"""Which reference an upload is reconciled against: the newest that was put, unless it is too old."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.profile import Profile
from jobs.runtime import hash_file, join, storage
from shared.errors import ReconError, StageInputError
from shared.layout import reference_put_at
from shared.manifest import RecordCounts, ReferenceFigures
from shared.ptbr import count, moment


class UnusableReferenceError(ReconError):
    """There is no reference, or only one that is too old. A retry helps once another was put.

    Codes: REFERENCE_MISSING, REFERENCE_STALE.
    """

    code = "REFERENCE_MISSING"


@dataclass(frozen=True)
class Reference:
    """One that may be read. path: on the local disk."""

    path: Path
    name: str
    sha256: str
    put_at: datetime
    age_days: int = 0

    def figures(self, counts: RecordCounts) -> ReferenceFigures:
        return ReferenceFigures(
            **dict(counts),
            name=self.name,
            sha256=self.sha256,
            put_at=self.put_at,
            age_days=self.age_days,
        )


def newest(names: Iterable[str]) -> str | None:
    """Of objects that are named as references are; any other is none."""
    return max((name for name in names if reference_put_at(name)), default=None)


def find_reference(
    folder: str | None, profile: Profile, now: datetime, scratch: Path
) -> Reference | None:
    """The newest of a folder, fetched; None where the profile needs none. Raises UnusableReferenceError."""
    if profile.reference is None:
        return None
    hint = f"Guarde uma com recon reference put ARQUIVO --profile {profile.name} e retome."
    found = storage(folder).list(folder) if folder else ()
    name = newest(posixpath.basename(uri) for uri in found)
    put_at = reference_put_at(name) if name else None
    if not (folder and name and put_at):
        raise UnusableReferenceError(
            f"O perfil {profile.name} concilia contra uma referência, e nenhuma foi guardada.",
            hint=hint,
        )
    age, limit = max((now - put_at).days, 0), profile.reference.max_age_days
    if age > limit:
        raise UnusableReferenceError(
            f"A referência mais nova, {name}, foi guardada em {moment(put_at)}, há "
            f"{count(age, 'dia', 'dias')}; o perfil {profile.name} aceita até {limit}.",
            hint=hint,
            code="REFERENCE_STALE",
        )
    uri, path = join(folder, name), scratch / name
    with storage(uri).open(uri) as body, path.open("wb") as copy:
        shutil.copyfileobj(body, copy, 1 << 20)
    sha256 = hash_file(path)
    if sha256[:16] not in name:
        raise StageInputError(
            f"O conteúdo de {uri} não é o que foi guardado: o SHA-256 é {sha256}.", hint=hint
        )
    return Reference(path, name, sha256, put_at, age)
