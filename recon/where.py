"""Where a result lies: in a folder here, or with a run of the deployed pipeline, which is fetched to be looked at."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.profile import Profile, parse_profile
from recon.errors import UsageError
from recon.pipeline import Pipeline, last_of
from shared.layout import Stage, profile_key
from shared.manifest import Manifest

_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}")


@dataclass(frozen=True)
class Result:
    """published: the profile as the deployed pipeline has it; None for a folder, which may say it itself."""

    folder: Path
    published: Callable[[], Profile] | None = None


@contextmanager
def found(out: str, pipeline: Callable[[], Pipeline]) -> Iterator[Result]:
    """out: a folder, a job id, or the name of one execution. pipeline: only called where `out` is no folder."""
    if Path(out).is_dir():
        yield Result(Path(out))
        return
    if not _NAME.fullmatch(out):
        raise UsageError(
            f"Não há pasta {out}.",
            hint="Dê a pasta que recon reconcile ou recon run deixou, ou o id de um job.",
        )
    try:
        deployed = pipeline()
    except UsageError as error:
        raise UsageError(
            f"{out} não é uma pasta daqui, e uma execução desse nome não pôde ser procurada: {error.message}",
            hint=error.hint,
        ) from error
    run = last_of(deployed.attempts(out), out)
    manifests = deployed.manifests(run.job_id, run.name)
    if Stage.RECONCILIATION not in manifests:
        raise UsageError(
            f"{run.name} não tem resultado: terminou a conciliação quem tem o manifesto dela ({run.status}).",
            hint=f"`recon show {run.name}` diz o que houve.",
        )
    with tempfile.TemporaryDirectory(prefix="recon-") as scratch:
        deployed.fetch_outputs(run.job_id, run.name, Path(scratch))
        yield Result(Path(scratch), lambda: _published(deployed, manifests[Stage.RECONCILIATION]))


def _published(pipeline: Pipeline, manifest: Manifest) -> Profile:
    """Raises UsageError where it is no longer what the run used."""
    name = manifest.profile
    text = pipeline.published_profile(name)
    if text is not None:
        profile = parse_profile(text, profile_key(name))
        if profile.sha256 == manifest.inputs["profile"]:
            return profile
    raise UsageError(
        f"O perfil {name} publicado não é mais o que a execução usou.",
        hint="Dê o daquela execução com --profile perfil.toml.",
    )
