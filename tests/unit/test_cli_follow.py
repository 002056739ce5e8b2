"""Following an execution until it ends, and waiting no longer than is sensible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from recon.errors import PipelineError
from recon.follow import follow, wait_for
from recon.pipeline import Execution, Pipeline
from recon.timeline import Timeline, Visit
from shared.layout import Stage
from shared.manifest import Manifest, ValidationFigures

START = datetime(2026, 2, 16, 12, tzinfo=UTC)
LATER = START + timedelta(seconds=3)
JOB = "JOB-20260216-default-0123456789abcdef"
VALIDATED = Manifest(
    job_id=JOB,
    execution=JOB,
    profile="default",
    started_at=START,
    finished_at=LATER,
    code_version="1",
    inputs={},
    files={},
    figures=ValidationFigures(lines=3, header=1, skipped=0, entries=2, rejected=0),
)


class FakePipeline:
    """Shows one more moment of an execution at each look."""

    def __init__(self, *moments: Timeline) -> None:
        self._moments = list(moments)
        self.manifests_read: list[Stage] = []

    class stack:
        limit_seconds = 1200

    def execution(self, name: str) -> Execution:
        now = self._moments[0]
        return Execution("arn", name, now.status, now.started_at, now.stopped_at, {"job_id": JOB})

    def timeline(self, execution: Execution) -> Timeline:
        return self._moments.pop(0) if len(self._moments) > 1 else self._moments[0]

    def manifest(self, job_id: str, execution: str, stage: Stage) -> Manifest:
        self.manifests_read.append(stage)
        return VALIDATED


def watched(pipeline: FakePipeline) -> tuple[Execution, Timeline, list[Timeline]]:
    shown: list[Timeline] = []
    execution, timeline = follow(cast(Pipeline, pipeline), JOB, JOB, shown.append, every=0)
    return execution, timeline, shown


def test_it_is_shown_until_it_ends_and_rows_are_told_when_their_state_is_left() -> None:
    entered = Timeline(JOB, "RUNNING", START, 1200, visits=(Visit("ValidateCSV", START),))
    left = replace(entered, visits=(Visit("ValidateCSV", START, LATER),))
    ended = replace(left, status="SUCCEEDED", stopped_at=LATER)
    pipeline = FakePipeline(entered, left, ended)

    execution, timeline, shown = watched(pipeline)

    assert [moment.notes for moment in shown] == [
        {},
        {"ValidateCSV": "3 registros lidos, 2 lançamentos, 0 rejeitados"},
        {"ValidateCSV": "3 registros lidos, 2 lançamentos, 0 rejeitados"},
    ]
    assert (execution.status, timeline.status) == ("SUCCEEDED", "SUCCEEDED")
    assert pipeline.manifests_read == [Stage.VALIDATION], "a manifest never changes: read once"


def test_a_state_that_failed_is_not_said_to_have_produced_anything() -> None:
    visits = (Visit("ValidateCSV", START, LATER, error="States.TaskFailed"),)
    failed = Timeline(JOB, "FAILED", START, 1200, stopped_at=LATER, visits=visits)
    pipeline = FakePipeline(failed)
    assert watched(pipeline)[1].notes == {}
    assert not pipeline.manifests_read


def test_what_never_comes_ends_the_wait_and_is_named() -> None:
    looks: list[Any] = []
    with pytest.raises(PipelineError, match="não veio: o recibo"):
        wait_for("o recibo", lambda: looks.append(None), seconds=0.02, every=0.001)
    assert len(looks) > 1
