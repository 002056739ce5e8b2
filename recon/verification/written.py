"""What a run left in a folder: found and read here, not judged.

`recon reconcile` writes its files side by side, `recon run` a folder a stage, with manifests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from recon.errors import UsageError
from recon.local_run import LOCAL_RUN, LocalRun
from shared.layout import MANIFEST, Stage
from shared.manifest import Figures, Manifest, StageFile

USED_PROFILE = "profile.toml"
"""What `recon run` leaves of the profile. `recon reconcile` has it in its one document."""
# Of the jobs' code: what is null in a reference_norm meant something else before.
_READABLE_FROM = 4
_OLDER = "O resultado é de uma versão anterior: concilie o arquivo de novo."
# In the folder of `recon run`, the stage that writes the table.
TABLES = {
    "entries": Stage.VALIDATION,
    "rejects": Stage.VALIDATION,
    "matches": Stage.RECONCILIATION,
    "breaks": Stage.RECONCILIATION,
    "near": Stage.RECONCILIATION,
    "bridge": Stage.RECONCILIATION,
    "summary": Stage.RECONCILIATION,
}


@dataclass(frozen=True)
class Written:
    """tables: name → Parquet file. manifests: of the stages of `recon run`; local: what `recon reconcile` leaves."""

    folder: Path
    tables: dict[str, Path]
    manifests: dict[Stage, Manifest]
    local: LocalRun | None

    @property
    def figures(self) -> dict[Stage, Figures]:
        if self.local:
            return {
                Stage.VALIDATION: self.local.validation,
                Stage.RECONCILIATION: self.local.reconciliation,
            }
        return {stage: manifest.figures for stage, manifest in self.manifests.items()}

    def files(self) -> Iterator[tuple[Stage, str, StageFile, Path]]:
        """Every file that a manifest lists, with where it lies here."""
        for stage, manifest in self.manifests.items():
            for name, file in manifest.files.items():
                yield stage, name, file, located(self.folder / stage, file)


def read_written(folder: Path) -> Written:
    """Raises UsageError where the folder is not what a finished run leaves."""
    try:
        manifests = {
            stage: Manifest.from_json(path.read_bytes())
            for stage in Stage
            if (path := folder / stage / MANIFEST).is_file()
        }
        path = folder / LOCAL_RUN
        local = LocalRun.from_json(path.read_bytes()) if path.is_file() else None
    except ValidationError as error:
        raise UsageError(f"{folder}: manifesto ilegível: {error}") from error
    if local or Stage.VALIDATION in manifests:
        code_version = (local or manifests[Stage.VALIDATION]).code_version
        if int(code_version) < _READABLE_FROM:
            raise UsageError(
                f"{folder}: o resultado é de outra versão ({code_version}).", hint=_OLDER
            )
    tables = {}
    for name, stage in TABLES.items():
        path = folder / f"{name}.parquet"
        if stage in manifests and name in manifests[stage].files:
            path = located(folder / stage, manifests[stage].files[name])
        if not path.is_file():
            older = "matches" in tables  # a result, but without what was added since
            raise UsageError(
                f"{folder}: falta {name}.parquet.",
                hint=_OLDER
                if older
                else "Use a pasta em que recon reconcile ou recon run deixou um resultado.",
            )
        tables[name] = path
    return Written(folder, tables, manifests, local)


def located(stage_folder: Path, file: StageFile) -> Path:
    """As the stage wrote it, or as `recon run` fetched it: by its own name."""
    path = stage_folder / file.path
    return path if path.is_file() else stage_folder / PurePosixPath(file.path).name


def sha256(path: Path) -> str | None:
    """None where there is no such file."""
    if not path.is_file():
        return None
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
