"""Where a result lies: in a folder here, or with a run of the deployed pipeline, which is fetched to be looked at."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jobs.profile import Profile
from recon.errors import UsageError
from recon.pipeline import Pipeline, last_of
from recon.profile.chosen import profile_of_run, recorded_profile
from recon.verification.written import read_written
from shared.layout import Stage

Deployed = TypeVar("Deployed")
_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}")


@dataclass(frozen=True)
class Result:
    """published: the profile as the deployed pipeline has it; None for a folder, which may say it itself."""

    folder: Path
    published: Callable[[], Profile] | None = None

    def profile(self) -> Profile:
        """What the run used. Raises UsageError where that cannot be had any more."""
        return self.published() if self.published else recorded_profile(read_written(self.folder))


@contextmanager
def found(out: str, pipeline: Callable[[], Pipeline]) -> Iterator[Result]:
    """out: a folder, a job id, or the name of one execution. pipeline: only called where `out` is no folder."""
    if Path(out).is_dir():
        yield Result(Path(out))
        return
    deployed = by_name(out, pipeline)
    run = last_of(deployed.attempts(out), out)
    manifests = deployed.manifests(run.job_id, run.name)
    if Stage.RECONCILIATION not in manifests:
        raise UsageError(
            f"{run.name} não tem resultado: terminou a conciliação quem tem o manifesto dela ({run.status}).",
            hint=f"`recon show {run.name}` diz o que houve.",
        )
    with tempfile.TemporaryDirectory(prefix="recon-") as scratch:
        deployed.fetch_outputs(run.job_id, run.name, Path(scratch))
        yield Result(
            Path(scratch), lambda: profile_of_run(deployed, manifests[Stage.RECONCILIATION])
        )


def by_name(out: str, pipeline: Callable[[], Deployed]) -> Deployed:
    """Where a run of that name may be asked for. Raises UsageError where it can be no name, or there is no pipeline."""
    if not _NAME.fullmatch(out):
        raise UsageError(
            f"Não há pasta {out}.",
            hint="Dê a pasta que recon reconcile ou recon run deixou, ou o id de um job.",
        )
    try:
        return pipeline()
    except UsageError as error:
        raise UsageError(
            f"{out} não é uma pasta daqui, e uma execução desse nome não pôde ser procurada: {error.message}",
            hint=error.hint,
        ) from error
