"""The second job: validation's entries in, a proven result out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from jobs.profile import load_profile
from jobs.reconciliation.engine import EngineName
from jobs.reconciliation.passes import TooManyPairsError
from jobs.reconciliation.reconcile import reconcile
from jobs.runtime import JobArguments, StageRun, fetch, predecessor
from shared.identity import day_of
from shared.manifest import Manifest, ValidationFigures


class ReconciliationArguments(JobArguments):
    """as_of: by default the job's day, else the entries' latest. threads, memory_limit: the engine's defaults.

    staging_path: for Spark, a folder that all its workers reach; by default this machine's scratch.
    """

    validated_data_path: str
    engine: EngineName = "duckdb"
    as_of: date | None = None
    threads: int | None = None
    memory_limit: str | None = None
    staging_path: str | None = None


def run_reconciliation(
    arguments: ReconciliationArguments, run: StageRun, scratch: Path
) -> Manifest:
    validation = predecessor(arguments.validated_data_path)
    profile = load_profile(arguments.profiles_path, arguments.profile)
    as_of = arguments.as_of or day_of(arguments.job_id)
    inputs = {
        "validation": validation.content_hash,
        "profile": profile.sha256,
        "as_of": as_of.isoformat() if as_of else "latest",
    }
    if done := run.reuse(inputs):
        return done
    entries = fetch(arguments.validated_data_path, validation.files["entries"], scratch)
    try:
        result = reconcile(
            entries,
            profile,
            scratch,
            validation.figures_of(ValidationFigures),
            engine=arguments.engine,
            as_of=as_of,
            threads=arguments.threads,
            memory_limit=arguments.memory_limit,
            staging=arguments.staging_path,
        )
    except TooManyPairsError as error:
        error.details["preliminary"] = run.keep(Path(error.details["preliminary"]))
        raise
    return run.publish(inputs, result.files, result.figures)
