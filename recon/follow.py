"""Waiting for what the pipeline does by itself: always with an end, never longer than needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from recon import figures
from recon.errors import PipelineError
from recon.output import Watch
from recon.pipeline import Execution, Pipeline
from recon.timeline import Timeline
from shared import ptbr
from shared.layout import STAGE_OF_STATE

# The state machine's own backstop is 300 s after the limit; whatever runs longer is stuck.
BACKSTOP_SECONDS = 360.0

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], seconds: float, every: float) -> T:
    deadline = time.monotonic() + seconds
    while True:
        if (found := look()) is not None:
            return found
        if time.monotonic() > deadline:
            raise PipelineError(f"Esperei {ptbr.duration(seconds)} e não veio: {what}.")
        time.sleep(every)


def follow(
    pipeline: Pipeline, job_id: str, name: str, watch: Watch, every: float
) -> tuple[Execution, Timeline]:
    """Shows an execution until it ends; what a stage produced is told when its state is left."""
    notes: dict[str, str] = {}

    def look() -> tuple[Execution, Timeline] | None:
        # Described before its history is read: once it has ended the history is whole.
        execution = pipeline.execution(name)
        if execution is None:
            return None
        timeline = with_notes(pipeline, job_id, pipeline.timeline(execution), notes)
        watch(timeline)
        return None if timeline.running else (execution, timeline)

    limit = pipeline.stack.limit_seconds + BACKSTOP_SECONDS
    return wait_for(f"o fim da execução {name}", look, limit, every)


def with_notes(
    pipeline: Pipeline, job_id: str, timeline: Timeline, known: dict[str, str]
) -> Timeline:
    """known: notes of an earlier look, added to."""
    for visit in timeline.visits:
        stage = STAGE_OF_STATE.get(visit.state)
        if stage and visit.left_at and not visit.error and visit.state not in known:
            manifest = pipeline.manifest(job_id, timeline.name, stage)
            if manifest:
                reused = (
                    f" (reaproveitado de {manifest.reused_from})" if manifest.reused_from else ""
                )
                known[visit.state] = figures.note(manifest.figures) + reused
    return replace(timeline, notes=dict(known))
