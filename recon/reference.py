"""`recon reference`: the file of side A, put where runs of its profile look for it, and what was put before."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.profile import Profile
from jobs.runtime import hash_file
from jobs.validation.acceptance import read_reference
from jobs.validation.reference import newest
from recon import figures
from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Pipeline
from recon.profile.chosen import published_profile
from shared import ptbr
from shared.layout import reference_key, reference_put_at
from shared.manifest import RecordCounts


def put(pipeline: Pipeline, file: Path, profile: str, output: Output) -> int:
    """Raises RefusedFileError where a run would refuse the file."""
    if not file.is_file():
        raise UsageError(f"Arquivo não encontrado: {file}")
    key, counts = keep(pipeline, file, _published(pipeline, profile))
    output.line(f"Referência guardada: s3://{pipeline.stack.data_bucket}/{key}")
    output.line(figures.counted(counts))
    output.line("Vale da próxima execução em diante; uma que já terminou se refaz com recon rerun.")
    if output.as_json:
        rows = counts.model_dump(mode="json")
        output.document({"name": posixpath.basename(key), "key": key, "rows": rows})
    return 0


def keep(pipeline: Pipeline, file: Path, profile: Profile) -> tuple[str, RecordCounts]:
    """Its key, and what was read of it."""
    counts = read_reference(file, profile)
    key = reference_key(profile.name, datetime.now(UTC), hash_file(file))
    pipeline.put_reference(key, file)
    return key, counts


def list_(pipeline: Pipeline, profile: str, output: Output) -> int:
    _published(pipeline, profile)
    put = pipeline.references(profile)
    counts = newest(name for name, _ in put)
    found: list[tuple[str, datetime, int]] = [
        (name, put_at, size) for name, size in put if (put_at := reference_put_at(name))
    ]
    if output.as_json:
        output.document({"references": [_document(*each, counts) for each in found]})
        return 0
    if not found:
        output.line(f"Nenhuma referência do perfil {profile} ainda.")
        return 0
    output.table(
        ("REFERÊNCIA", "GUARDADA EM", "BYTES", "VALE"),
        [
            (name, ptbr.moment(at), ptbr.number(size), "sim" if name == counts else "")
            for name, at, size in found
        ],
    )
    return 0


def _document(name: str, put_at: datetime, size: int, counts: str | None) -> dict[str, Any]:
    return {"name": name, "put_at": put_at.isoformat(), "bytes": size, "counts": name == counts}


def _published(pipeline: Pipeline, name: str) -> Profile:
    """Raises UsageError where it is not one that reconciles against a reference."""
    profile = published_profile(pipeline, name)
    if profile.reference is None:
        raise UsageError(f"O perfil {name} não usa referência: o seu layout é single_file.")
    return profile
