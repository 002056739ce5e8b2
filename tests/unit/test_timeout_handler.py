from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from services.timeout_handler.digest import DayRun
from services.timeout_handler.out_of_time import end
from services.timeout_handler.runs import Execution, GlueRun, Outcome
from services.timeout_handler.status_change import settle
from services.timeout_handler.tick import (
    LOOK_BACK,
    MOST_RESENT,
    OVERDUE,
    SETTLING,
    EndedRun,
    RunningRun,
    Snapshot,
    StoredUpload,
    late_runs,
    missed_uploads,
    search,
    untold,
)
from shared.alert import AlertRequest, RunCompleted, RunLate
from shared.checkpoint import FailureReport
from shared.intake import Upload
from tests.run_cases import EXECUTION_ARN, JOB, NOW, REPORT

LOCATION = f"s3://checkpoints/{JOB.job_id}/checkpoint.json"
ENDED = Execution(
    arn=EXECUTION_ARN,
    name=JOB.job_id,
    status="TIMED_OUT",
    input=JOB.to_json(),
    error=None,
    cause=None,
    stopped_at=NOW - timedelta(minutes=5),
    redrive_count=0,
)
NOTHING = Snapshot((), (), (), (), {})
LIMIT = timedelta(seconds=1200)
STRAY = GlueRun("reconciliation-reconciliation", "jr_1", waiting=False)


@dataclass
class World:
    """AWS as one execution and its stray Glue runs. `did`: every act, in order."""

    present: Execution = ENDED
    state: str | None = "ReconcileData"
    live: Sequence[GlueRun] = (STRAY,)
    told: bool = False
    told_kinds: set[str] = field(default_factory=set)
    told_plainly: bool = False
    limit: timedelta = LIMIT
    digest_at: time | None = None
    day: Sequence[DayRun] = ()
    seen: Snapshot = NOTHING
    did: list[str] = field(default_factory=list)
    reports: list[FailureReport] = field(default_factory=list)
    alerts: list[Any] = field(default_factory=list)
    resent: list[StoredUpload] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def execution(self, arn: str) -> Execution:
        return replace(self.present, arn=arn)

    def last_state(self, arn: str) -> str | None:
        self.asked.append(("last state", arn))
        return self.state

    def live_glue_runs(self, execution_name: str) -> Sequence[GlueRun]:
        self.did.append(f"look for runs of {execution_name}")
        return self.live

    def stop(self, runs: Sequence[GlueRun]) -> None:
        self.did += [f"stop {run.id}" for run in runs]

    def record(self, report: FailureReport) -> str:
        self.did.append("record")
        self.reports.append(report)
        return LOCATION

    def was_told(self, job_id: str, execution_name: str, redrive_count: int, *kinds: str) -> bool:
        self.asked.append(("told", job_id, execution_name, redrive_count, *kinds))
        return self.told or bool(self.told_kinds.intersection(kinds))

    def was_told_plainly(self, arn: str) -> bool:
        return self.told_plainly

    def tell(self, alert: AlertRequest) -> None:
        self.did.append("tell")
        self.alerts.append(alert)

    def snapshot(self, since: datetime) -> Snapshot:
        self.asked.append(("snapshot", since))
        return self.seen

    def digest_was_told(self, day: date) -> bool:
        self.asked.append(("digest told", day))
        return "digest" in self.told_kinds

    def runs_of_the_day(self, since: datetime) -> Sequence[DayRun]:
        self.asked.append(("runs", since))
        return self.day

    def resend(self, upload: StoredUpload) -> None:
        self.resent.append(upload)


# The state machine says: out of time


def test_a_run_out_of_time_is_kept_and_its_glue_runs_are_stopped_and_people_are_told_by_others() -> (
    None
):
    world = World()
    assert end(REPORT, world) == Outcome("timed_out", JOB.job_id, LOCATION, 1)
    assert world.did == [f"look for runs of {JOB.job_id}", "record", "stop jr_1"]
    assert world.reports == [REPORT]


def test_waiting_in_glue_s_queue_is_said_where_it_was_the_cause() -> None:
    world = World(live=(replace(STRAY, waiting=True),))
    end(REPORT.model_copy(update={"reason": "Timeout de 20 minutos excedido"}), world)
    assert world.reports[0].reason == (
        "Timeout de 20 minutos excedido: reconciliation-reconciliation ainda esperava na fila do "
        "Glue (limite de execuções simultâneas)."
    )


def test_by_hand_the_job_s_first_execution_is_meant() -> None:
    world = World()
    end(FailureReport.model_validate({"job_id": "JOB-1", "reason": "Timeout"}), world)
    assert world.did[0] == "look for runs of JOB-1"


# An execution ended badly, says an event


@pytest.mark.parametrize(
    ("status", "error", "name"),
    [
        ("TIMED_OUT", None, "States.Timeout"),
        ("ABORTED", None, "UNKNOWN"),
        ("ABORTED", "Operator", "Operator"),
        ("FAILED", "States.Runtime", "States.Runtime"),
    ],
)
def test_an_end_that_nobody_told_is_kept_told_and_cleaned_up(
    status: str, error: str | None, name: str
) -> None:
    world = World(replace(ENDED, status=status, error=error, cause="why"))
    assert settle(EXECUTION_ARN, world) == Outcome("told", JOB.job_id, LOCATION, 1)
    assert world.did == ["record", "tell", f"look for runs of {JOB.job_id}", "stop jr_1"]
    [report], [alert] = world.reports, world.alerts
    assert (report.status, report.state, report.error.Error) == (status, "ReconcileData", name)
    assert (report.error.Cause, report.job, report.occurred_at) == ("why", JOB, ENDED.stopped_at)
    assert (alert.status, alert.state, alert.error) == (status, "ReconcileData", report.error)
    assert (alert.job_id, alert.execution_name) == (JOB.job_id, JOB.job_id)
    assert (alert.execution_arn, alert.checkpoint_location) == (EXECUTION_ARN, LOCATION)


@pytest.mark.parametrize("plainly", [True, False])
def test_the_notifier_hears_whether_the_state_machine_told_an_end_plainly(plainly: bool) -> None:
    ended_well = [EndedRun(EXECUTION_ARN, NOW - timedelta(minutes=3), told=False)]
    for world in (
        World(told_plainly=plainly, seen=replace(NOTHING, ended_badly=ended_well)),
        World(
            replace(ENDED, status="SUCCEEDED"),
            told_plainly=plainly,
            seen=replace(NOTHING, succeeded=ended_well),
        ),
    ):
        search(world, NOW)
        assert world.alerts[0].told_plainly is plainly


def test_whether_an_end_was_told_is_asked_of_that_attempt_of_that_execution() -> None:
    world = World(replace(ENDED, name="JOB-1-R1", input='{"job_id": "JOB-1"}', redrive_count=2))
    settle(EXECUTION_ARN, world)
    assert world.asked == [
        ("last state", EXECUTION_ARN),
        ("told", "JOB-1", "JOB-1-R1", 2, "run_failed", "run_completed"),
    ]
    report, alert = world.reports[0], world.alerts[0]
    assert (report.execution_arn, report.execution_name) == (EXECUTION_ARN, "JOB-1-R1")
    assert (report.job, alert.job) == (None, None)


def test_an_alert_of_a_bad_end_names_the_job_that_was_started() -> None:
    world = World()
    settle(EXECUTION_ARN, world)
    assert (world.alerts[0].job, world.reports[0].execution_name) == (JOB, JOB.job_id)


def test_a_report_names_no_execution_whose_name_ours_cannot_have() -> None:
    world = World(replace(ENDED, name="çom.ponto"))
    settle(EXECUTION_ARN, world)
    assert world.reports[0].execution_name is None


def test_an_end_that_was_told_is_kept_all_the_same_and_its_glue_runs_are_stopped() -> None:
    world = World(told=True)
    assert settle(EXECUTION_ARN, world) == Outcome("already_told", JOB.job_id, LOCATION, 1)
    assert world.did == ["record", f"look for runs of {JOB.job_id}", "stop jr_1"]


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_a_late_event_of_an_execution_that_goes_on_stops_nothing(status: str) -> None:
    world = World(replace(ENDED, status=status))
    assert settle(EXECUTION_ARN, world) == Outcome("not_over", JOB.job_id)
    assert world.did == []


def test_a_redriven_execution_is_told_once_more() -> None:
    world = World(replace(ENDED, redrive_count=2))
    settle(EXECUTION_ARN, world)
    assert (world.reports[0].redrive_count, world.alerts[0].redrive_count) == (2, 2)


@pytest.mark.parametrize(
    ("name", "input_", "job_id"),
    [
        ("JOB-1-R1", '{"job_id": "JOB-1"}', "JOB-1"),
        ("by-hand", "{}", "by-hand"),
        ("by-hand", "not json", "by-hand"),
        ("by-hand", "[1]", "by-hand"),
        ("by-hand", '{"job_id": 7}', "by-hand"),
        ("by-hand", '{"job_id": "a b/c"}', "by-hand"),
        ("çom.ponto", "{}", "_om_ponto"),
        ("n" * 80, "{}", "n" * 76),
    ],
)
def test_whatever_somebody_started_by_hand_is_told(name: str, input_: str, job_id: str) -> None:
    world = World(replace(ENDED, name=name, input=input_), state=None)
    assert settle(EXECUTION_ARN, world).job_id == job_id
    assert (world.alerts[0].job_id, world.alerts[0].execution_name) == (job_id, name)
    assert (world.reports[0].state, world.reports[0].job) == ("UNKNOWN", None)


def test_a_job_started_with_its_four_fields_is_recognised() -> None:
    four = {"job_id", "bucket_name", "object_key", "file_hash"}
    world = World(replace(ENDED, input=json.dumps(JOB.model_dump(include=four))))
    settle(EXECUTION_ARN, world)
    assert world.reports[0].job == JOB


# The tick


def stored(minutes: float, *, taken: bool = False, key: str = "a.csv") -> StoredUpload:
    upload = Upload(bucket="ingress", key=key, version="v1", size=3)
    return StoredUpload(upload, NOW - timedelta(minutes=minutes), taken)


@pytest.mark.parametrize(
    ("ago", "told", "found"),
    [
        (SETTLING, False, True),
        (SETTLING - timedelta(seconds=1), False, False),
        (SETTLING, True, False),
        (timedelta(hours=5), False, True),
    ],
)
def test_a_run_is_untold_once_its_own_event_had_its_turn(
    ago: timedelta, told: bool, found: bool
) -> None:
    run = EndedRun(EXECUTION_ARN, NOW - ago, told)
    assert untold([run], NOW) == [run] * found


@pytest.mark.parametrize(
    ("ago", "taken", "found"),
    [
        (OVERDUE, False, True),
        (OVERDUE - timedelta(seconds=1), False, False),
        (OVERDUE, True, False),
        (timedelta(hours=5), False, True),
    ],
)
def test_an_upload_is_missed_when_it_is_overdue_and_was_not_taken(
    ago: timedelta, taken: bool, found: bool
) -> None:
    upload = StoredUpload(stored(0).upload, NOW - ago, taken)
    assert missed_uploads(replace(NOTHING, uploads=[upload]), NOW) == [upload] * found


def test_the_oldest_uploads_are_sent_first_and_never_too_many_at_once() -> None:
    uploads = [stored(minutes) for minutes in range(11, 12 + MOST_RESENT)]
    found = missed_uploads(replace(NOTHING, uploads=uploads), NOW)
    assert found == uploads[:0:-1]
    assert len(found) == MOST_RESENT


def test_a_tick_settles_what_was_missed() -> None:
    missed = stored(30)
    run = EndedRun(EXECUTION_ARN, NOW - timedelta(minutes=3), told=False)
    uploads = [missed, stored(1), stored(40, taken=True)]
    world = World(seen=replace(NOTHING, ended_badly=[run], uploads=uploads))
    assert search(world, NOW) == [
        Outcome("told", JOB.job_id, LOCATION, 1),
        Outcome("upload_resent", object_key="a.csv"),
    ]
    assert world.resent == [missed]


def test_a_tick_looks_back_over_what_it_may_have_missed_and_no_further() -> None:
    world = World()
    search(world, NOW)
    assert world.asked == [("snapshot", NOW - LOOK_BACK)]


def test_a_tick_that_finds_nothing_does_nothing() -> None:
    world = World()
    assert search(world, NOW) == []
    assert (world.did, world.resent) == ([], [])


# Runs that are late, while they run


@pytest.mark.parametrize(
    ("minutes", "warned", "found"),
    [(17.99, False, False), (18, False, True), (19.5, False, True), (18, True, False)],
)
def test_a_run_is_late_at_eighteen_of_its_twenty_minutes(
    minutes: float, warned: bool, found: bool
) -> None:
    run = RunningRun(EXECUTION_ARN, NOW - timedelta(minutes=minutes), warned)
    assert late_runs(replace(NOTHING, running=[run]), LIMIT, NOW) == [run] * found


def test_a_late_run_is_told_once_while_ticks_go_by() -> None:
    """A clock from the run's start to its limit, a tick each minute; the marker comes with the notifier's answer."""
    world = World(replace(ENDED, status="RUNNING"))
    for minute in range(20):
        now = NOW + timedelta(minutes=minute)
        world.seen = replace(
            NOTHING, running=[RunningRun(EXECUTION_ARN, NOW, "run_late" in world.told_kinds)]
        )
        outcomes = search(world, now)
        assert outcomes == ([Outcome("late", JOB.job_id)] if minute == 18 else [])
        world.told_kinds |= {alert.kind for alert in world.alerts}
    [alert] = world.alerts
    assert isinstance(alert, RunLate)
    assert (alert.state, alert.minutes, alert.ends_at) == ("ReconcileData", 18, NOW + LIMIT)
    assert (alert.job, alert.execution_name) == (JOB, JOB.job_id)


def test_a_run_under_another_name_than_ours_is_told_once_too() -> None:
    """Its marker is not where its name says: the snapshot does not see it."""
    late = RunningRun(EXECUTION_ARN, NOW - timedelta(minutes=19), warned=False)
    world = World(
        replace(ENDED, status="RUNNING", name="by-hand"), seen=replace(NOTHING, running=[late])
    )
    assert search(world, NOW) == [Outcome("late", JOB.job_id)]
    world.told_kinds.add("run_late")
    assert search(world, NOW) == [Outcome("already_told", JOB.job_id)]
    assert len(world.alerts) == 1


def test_a_run_that_ended_meanwhile_is_not_late() -> None:
    late = RunningRun(EXECUTION_ARN, NOW - timedelta(minutes=19), warned=False)
    world = World(replace(ENDED, status="SUCCEEDED"), seen=replace(NOTHING, running=[late]))
    search(world, NOW)
    assert world.alerts == []


# Runs that ended well, and nobody knows


def test_a_success_without_a_marker_is_told_by_the_notifier() -> None:
    run = EndedRun(EXECUTION_ARN, NOW - timedelta(minutes=3), told=False)
    world = World(
        replace(ENDED, status="SUCCEEDED", redrive_count=1),
        seen=replace(NOTHING, succeeded=[run]),
    )
    assert search(world, NOW) == [Outcome("told", JOB.job_id)]
    assert world.alerts == [
        RunCompleted(
            job=JOB, execution_arn=EXECUTION_ARN, execution_name=JOB.job_id, redrive_count=1
        )
    ]
    world.told_kinds.add("run_completed")
    assert search(world, NOW) == [Outcome("already_told", JOB.job_id)]
    assert len(world.alerts) == 1


def test_a_success_that_was_told_or_has_just_ended_is_left_alone() -> None:
    told = EndedRun(EXECUTION_ARN, NOW - timedelta(minutes=3), told=True)
    just_ended = EndedRun(EXECUTION_ARN, NOW - timedelta(minutes=1), told=False)
    world = World(
        replace(ENDED, status="SUCCEEDED"), seen=replace(NOTHING, succeeded=[told, just_ended])
    )
    assert search(world, NOW) == []
