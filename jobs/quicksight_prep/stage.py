"""The third job: reports and tables out of the two results; the curated tables are replaced where they may be."""

from __future__ import annotations

from pathlib import Path

from jobs.profile import Materiality, ProfileError, load_profile
from jobs.quicksight_prep.curation import CURATED_TABLES, business_day, publish_curated, superseded
from jobs.quicksight_prep.people import write_for_people
from jobs.quicksight_prep.report import Run
from jobs.quicksight_prep.tables import RunResult, open_result, write_tables
from jobs.runtime import Files, JobArguments, StageRun, fetch, predecessor
from shared.manifest import (
    Figures,
    Manifest,
    QuickSightFigures,
    ReconciliationFigures,
    ValidationFigures,
)


class PrepArguments(JobArguments):
    """data_path: what curated keys are relative to, `s3://<data>`."""

    bucket_name: str
    object_key: str
    object_version: str
    validated_data_path: str
    divergences_path: str
    data_path: str


def prepare(arguments: PrepArguments, run: StageRun, scratch: Path) -> Manifest:
    validation = predecessor(arguments.validated_data_path)
    reconciliation = predecessor(arguments.divergences_path)
    validated = validation.figures_of(ValidationFigures)
    reconciled = reconciliation.figures_of(ReconciliationFigures)
    source = f"s3://{arguments.bucket_name}/{arguments.object_key}"
    day = business_day(arguments.job_id, arguments.object_key, reconciled.as_of)

    def curate(tables: dict[str, Path], figures: QuickSightFigures) -> QuickSightFigures:
        if superseded(source, arguments.object_version, validation.inputs["file"]):
            return figures.model_copy(update={"published": False})
        publish_curated(
            arguments.data_path,
            tables,
            day,
            arguments.profile,
            arguments.bucket_name,
            arguments.object_key,
        )
        return figures.model_copy(update={"published": True})

    def curate_again(files: Files, figures: Figures) -> Figures:
        assert isinstance(figures, QuickSightFigures)  # the stage's own manifest
        return curate(
            {name: fetch(run.root, files[name], scratch) for name in CURATED_TABLES}, figures
        )

    inputs = {"validation": validation.content_hash, "reconciliation": reconciliation.content_hash}
    if done := run.reuse(inputs, curate_again):
        return done
    entries = fetch(arguments.validated_data_path, validation.files["entries"], scratch)
    rejects = fetch(arguments.validated_data_path, validation.files["rejects"], scratch)
    breaks = fetch(arguments.divergences_path, reconciliation.files["breaks"], scratch)
    matches = fetch(arguments.divergences_path, reconciliation.files["matches"], scratch)
    result = RunResult(
        arguments.job_id, arguments.profile, arguments.object_key, validated, reconciled
    )
    with open_result(entries, breaks) as connection:
        connection.read_parquet(str(rejects)).create_view("rejects")
        connection.read_parquet(str(matches)).create_view("matches")
        produced = write_tables(connection, result, scratch)
        told = Run(validation, reconciliation, source, _materiality(arguments, reconciliation))
        produced |= write_for_people(connection, told, scratch)
    figures = curate(
        {name: produced[name].path for name in CURATED_TABLES},
        QuickSightFigures(
            verdict=reconciled.verdict,
            tables={name: produced[name].rows or 0 for name in CURATED_TABLES},
            published=False,
        ),
    )
    return run.publish(inputs, produced, figures)


def _materiality(arguments: PrepArguments, reconciliation: Manifest) -> Materiality | None:
    """None where the profile has since changed or gone: the result is another's."""
    try:
        profile = load_profile(arguments.profiles_path, arguments.profile)
    except ProfileError:
        return None
    return profile.materiality if profile.sha256 == reconciliation.inputs["profile"] else None
