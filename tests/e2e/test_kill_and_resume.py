"""Killed anywhere, and resumed, a run ends with the same result as one that nobody disturbed.

Each job before and after each of its AWS calls, its writes among them; each function likewise. `make test` takes the
call that commits; `make test-all` every call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.embedded.faults import Fault
from recon.output import Output
from recon.pipeline import Execution, Pipeline
from recon.resumption import resume
from services.timeout_handler import status_change
from shared.identity import job_id
from shared.layout import STAGE_OF_STATE, Stage
from shared.manifest import ReconciliationFigures
from tests.e2e.functions_here import timeout_handler, trigger
from tests.e2e.sudden_death import MOMENTS, Death, Deaths, Moment
from tests.waiting import until

pytestmark = pytest.mark.e2e
SAMPLE = Path(__file__).parents[2] / "samples" / "divergente.csv"
DAY = date(2026, 2, 16)
MODULES = {stage: stage.replace("-", "_") for stage in Stage}
STATES = {stage: state for state, stage in STAGE_OF_STATE.items()}
SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass
class World:
    aws: EmbeddedAWS
    deaths: Deaths
    pipeline: Pipeline
    inbox: str
    folder: Path
    contents: int = 0
    told: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def new_file(self) -> tuple[Path, str]:
        """The same rows each time, in other bytes; and the job that they will be."""
        self.contents += 1
        path = self.folder / f"{self.contents}.csv"
        path.write_bytes(SAMPLE.read_bytes() + b"\n" * self.contents)
        return path, job_id("default", DAY, sha256(path.read_bytes()).hexdigest())

    def upload(self, path: Path) -> None:
        self.pipeline.upload(path, f"{DAY}/{path.name}")

    def ended(self, name: str) -> Execution:
        def look() -> Execution | None:
            found = self.pipeline.execution(name)
            return found if found and found.status != "RUNNING" else None

        return until(look, 400)

    def resume(self, job: str) -> None:
        resume(self.pipeline, trigger(self.aws.client, self.pipeline.stack), job, Output())

    def resumed(self, job: str) -> str:
        """The result of the next attempt."""
        assert self.ended(f"{job}-R1").status == "SUCCEEDED"
        return self.result(job, f"{job}-R1")

    def result(self, job: str, execution: str) -> str:
        manifest = self.pipeline.manifests(job, execution)[Stage.RECONCILIATION]
        return manifest.figures_of(ReconciliationFigures).result_hash

    def alerts(self, job: str, least: int) -> Counter[str]:
        """By kind, once there are so many and no more come."""
        quiet = 0

        def of_job() -> Counter[str]:
            return Counter({kind: n for (of, kind), n in self.told.items() if of == job})

        def look() -> Counter[str] | None:
            nonlocal quiet
            received = self.pipeline.receive(self.inbox, 1)
            quiet = 0 if received else quiet + 1
            self.told.update((each.alert.job_id, each.alert.kind) for each in received)
            found = of_job()
            return found if found.total() >= least and quiet else None

        return until(look, 60)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    deaths = Deaths(tmp_path_factory.mktemp("checkout"))
    with EmbeddedAWS(jobs_root=deaths.root, wait_scale=0) as aws:
        pipeline = Pipeline(aws.client, deploy(aws, parameters={"MaxConcurrentRuns": "2"}))
        inbox = pipeline.subscribe_queue()
        # It would tell what an earlier test left untold, in the middle of a later one.
        aws.client("scheduler").delete_schedule(Name="reconciliation-tick")
        yield World(aws, deaths, pipeline, inbox, tmp_path_factory.mktemp("files"))


@dataclass(frozen=True)
class Undisturbed:
    """calls: of each stage, in order."""

    result: str
    calls: dict[Stage, list[str]]


@pytest.fixture(scope="module")
def undisturbed(world: World) -> Undisturbed:
    path, job = world.new_file()
    world.upload(path)
    assert world.ended(job).status == "SUCCEEDED"
    assert world.alerts(job, 1) == {"run_completed": 1}
    calls = {stage: world.deaths.calls_of_job(MODULES[stage], job) for stage in Stage}
    assert all(each[-1] == "PutObject" for each in calls.values())  # the manifest
    return Undisturbed(world.result(job, job), calls)


# Jobs


@pytest.mark.parametrize(
    ("moment", "which"),
    [("before", "last call"), *(pytest.param(m, "every call", marks=SLOW) for m in MOMENTS)],
)
@pytest.mark.parametrize("stage", Stage)
def test_wherever_a_job_is_killed_the_resumed_run_ends_as_an_undisturbed_one(
    world: World, undisturbed: Undisturbed, stage: Stage, moment: Moment, which: str
) -> None:
    calls = undisturbed.calls[stage]
    numbers = [len(calls)] if which == "last call" else range(1, len(calls) + 1)
    files = {number: world.new_file() for number in numbers}
    world.deaths.of_jobs(
        {(MODULES[stage], job): (number, moment) for number, (_, job) in files.items()}
    )
    for path, _ in files.values():
        world.upload(path)
    for number, (_, job) in files.items():
        where = f"{moment} call {number}, {calls[number - 1]}"
        assert world.ended(job).status == "FAILED", where
        before = list(Stage)[: list(Stage).index(stage) + committed_by(number, moment, calls)]
        assert list(world.pipeline.manifests(job, job)) == before, where
        checkpoint = world.pipeline.checkpoint(job)
        assert checkpoint and checkpoint.state == STATES[stage], where

        world.resume(job)
    for number, (_, job) in files.items():
        where = f"{moment} call {number}, {calls[number - 1]}"
        before = list(Stage)[: list(Stage).index(stage) + committed_by(number, moment, calls)]
        assert world.resumed(job) == undisturbed.result, where
        manifests = world.pipeline.manifests(job, f"{job}-R1")
        reused = [each for each in Stage if manifests[each].reused_from == job]
        assert reused == before, where
        assert world.alerts(job, 2) == {"run_failed": 1, "run_completed": 1}, where


def committed_by(number: int, moment: Moment, calls: list[str]) -> bool:
    return (number, moment) == (len(calls), "after")


# Functions


def run_well(world: World, job: str, path: Path) -> str:
    world.upload(path)
    assert world.ended(job).status == "SUCCEEDED"
    return world.result(job, job)


def run_badly(world: World, job: str, path: Path) -> str:
    """Its first job dies; then it is resumed."""
    world.deaths.of_jobs({(MODULES[Stage.VALIDATION], job): (1, "before")})
    world.upload(path)
    assert world.ended(job).status == "FAILED"
    settled(world, job)
    checkpoint = world.pipeline.checkpoint(job)
    assert checkpoint
    assert (checkpoint.state, checkpoint.status, checkpoint.attempts) == (
        "ValidateCSV",
        "FAILED",
        1,
    )
    world.resume(job)
    return world.resumed(job)


def run_until_stopped(world: World, job: str, path: Path) -> str:
    """Somebody stops it; then it is resumed."""
    world.aws.fault(Fault(state="ReconcileData", seconds=30))
    world.upload(path)

    def reconciling() -> Execution | None:
        found = world.pipeline.manifest(job, job, Stage.VALIDATION)
        return world.pipeline.execution(job) if found else None

    world.pipeline.stop(until(reconciling, 60), "test", "stopped")
    settled(world, job)
    world.aws.fault()
    checkpoint = world.pipeline.checkpoint(job)
    assert checkpoint and (checkpoint.status, checkpoint.attempts) == ("ABORTED", 1)
    world.resume(job)
    return world.resumed(job)


def settled(world: World, job: str) -> None:
    """Told and kept: by the state machine, else by the event of its end, else as the tick does it."""
    execution = world.pipeline.execution(job)
    assert execution
    for patience in (10, 60):
        with suppress(AssertionError):
            until(lambda: world.alerts(job, 0)["run_failed"] or None, patience)
            until(lambda: world.pipeline.checkpoint(job), 10)
            return
        handler = timeout_handler(world.aws.client, world.pipeline.stack)
        status_change.settle(execution.arn, handler)
    raise AssertionError("neither told nor kept")


Scenario = Callable[[World, str, Path], str]
# function, its scenario, and the call that commits.
FUNCTIONS: list[tuple[str, Scenario, str]] = [
    ("trigger", run_well, "StartExecution"),
    ("notifier", run_well, "Publish"),
    ("notifier", run_badly, "Publish"),
    ("checkpoint", run_badly, "PutObject"),
    ("timeout-handler", run_until_stopped, "PutObject"),
]


@pytest.mark.parametrize(("function", "scenario", "commits"), FUNCTIONS)
def test_a_function_that_is_killed_once_it_committed_leaves_a_run_that_ends_as_it_should(
    world: World, undisturbed: Undisturbed, function: str, scenario: Scenario, commits: str
) -> None:
    dies(world, undisturbed, function, scenario, (commits, "after"), commits)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("function", "scenario", "_"), FUNCTIONS)
def test_wherever_a_function_is_killed_the_run_ends_as_an_undisturbed_one(
    world: World,
    undisturbed: Undisturbed,
    function: str,
    scenario: Scenario,
    _: str,
    moment: Moment,
) -> None:
    path, job = world.new_file()
    name = f"{world.pipeline.stack.name}-{function}"
    world.deaths.of_function(world.aws, name, None)
    assert scenario(world, job, path) == undisturbed.result
    world.alerts(job, 1)
    calls = world.deaths.calls_of_function(name)
    assert calls
    for number, call in enumerate(calls, 1):
        dies(world, undisturbed, function, scenario, (number, moment), call)


def dies(
    world: World,
    undisturbed: Undisturbed,
    function: str,
    scenario: Scenario,
    death: Death,
    call: str,
) -> None:
    where = f"{death}, {call}"
    path, job = world.new_file()
    name = f"{world.pipeline.stack.name}-{function}"
    quick: dict[str, Any] = {}
    if function == "trigger":
        # A message that a dead trigger held comes again when the function's time is over, and ten seconds later; where
        # it died before it could ask for that, when the queue's own time is over: twelve minutes, if not for this.
        quick = {"Timeout": 5}
        world.aws.client("sqs").set_queue_attributes(
            QueueUrl=world.pipeline.stack.queue_url, Attributes={"VisibilityTimeout": "15"}
        )
    world.deaths.of_function(world.aws, name, death, **quick)
    assert scenario(world, job, path) == undisturbed.result, where
    until(lambda: world.deaths.has_died(name) or None, 30)
    alerts = world.alerts(job, 1)
    expected = {"run_completed"} if scenario is run_well else {"run_failed", "run_completed"}
    assert set(alerts) == expected, where
    # Where the notifier died, the state machine tells plainly; a full alert went out before, or follows, or neither.
    again = function == "notifier"
    assert alerts.total() <= len(alerts) + again, (where, alerts)
    names = [execution.name for execution in world.pipeline.attempts(job)]
    assert names == ([job] if scenario is run_well else [job, f"{job}-R1"]), where
    world.deaths.of_function(world.aws, name, None)
