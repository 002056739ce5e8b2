from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Execution
from recon.resumption import resume, start_next_attempt
from services.trigger.intake import Execution as Fate
from shared.intake import Claim, Upload
from shared.job_event import JobEvent

HASH = "0f" * 32
JOB = f"JOB-20260216-default-{HASH[:16]}"
EVENT = JobEvent(
    job_id=JOB,
    bucket_name="ingress",
    object_key="2026-02-16/x.csv",
    file_hash=HASH,
    object_version="v1",
)
UPLOAD = Upload(bucket="ingress", key="2026-02-16/x.csv", version="v1")
MONDAY = datetime(2026, 2, 16, 12, tzinfo=UTC)


@dataclass
class Intake:
    claims: list[Claim] = field(default_factory=list)
    fate: Fate = Fate.ENDED_BADLY
    rival: Claim | None = None
    started: list[str] = field(default_factory=list)

    def chain(self, profile: str, file_hash: str) -> list[Claim]:
        assert (profile, file_hash) == ("default", HASH)
        return list(self.claims)

    def put_claim(self, claim: Claim) -> None:
        if self.rival:
            self.claims.append(self.rival)
        if all(claim.number != other.number for other in self.claims):
            self.claims.append(claim)

    def execution(self, job: JobEvent) -> Fate:
        return self.fate

    def start(self, job: JobEvent) -> Fate:
        self.started.append(job.execution_name)
        return Fate.RUNNING


def execution(
    name: str = JOB, status: str = "FAILED", job: Mapping[str, Any] | None = None, after: int = 0
) -> Execution:
    document = EVENT.model_dump() if job is None else job
    return Execution(f"arn:{name}", name, status, MONDAY + timedelta(hours=after), None, document)


def claim(number: int = 0, **changes: Any) -> Claim:
    return Claim(number=number, event=EVENT.model_copy(update=changes), upload=UPLOAD)


def test_a_failed_job_gets_its_next_attempt_on_its_own_chain() -> None:
    intake = Intake([claim()])
    event = start_next_attempt([execution()], intake, JOB, None)
    assert intake.started == [f"{JOB}-R1"]
    assert event == EVENT.model_copy(update={"attempt": 1})
    assert intake.claims[1] == Claim(number=1, origin="resume", event=event, upload=UPLOAD)


def test_an_attempt_that_was_claimed_and_never_started_is_started_itself() -> None:
    intake = Intake([claim(), claim(1, attempt=1)], Fate.NEVER_STARTED)
    start_next_attempt([execution()], intake, JOB, None)
    assert intake.started == [f"{JOB}-R1"]
    assert len(intake.claims) == 2


def test_a_run_started_by_hand_resumes_without_a_claim() -> None:
    intake = Intake()
    start_next_attempt(
        [execution("TEST-1"), execution("TEST-2", "TIMED_OUT", after=1)], intake, JOB, None
    )
    assert intake.started == [f"{JOB}-R2"]
    assert intake.claims == []


def test_who_loses_a_race_starts_nothing() -> None:
    intake = Intake([claim()], rival=claim(1, attempt=1))
    with pytest.raises(UsageError, match="Outra tentativa"):
        start_next_attempt([execution()], intake, JOB, None)
    assert intake.started == []


@pytest.mark.parametrize(
    ("attempts", "message"),
    [
        ([], "Não há execução"),
        ([execution(status="RUNNING")], "ainda está em andamento"),
        ([execution(job={"job_id": "x"})], "não é um job válido"),
    ],
)
def test_where_no_attempt_can_follow_nothing_is_claimed(
    attempts: list[Execution], message: str
) -> None:
    intake = Intake([claim()])
    with pytest.raises(UsageError, match=message):
        start_next_attempt(attempts, intake, JOB, None)
    assert intake.started == []
    assert len(intake.claims) == 1


def test_bytes_that_another_job_owns_by_now_are_not_resumed() -> None:
    intake = Intake([claim(), claim(1, job_id="JOB-20260217-default-0f0f0f0f0f0f0f0f")])
    with pytest.raises(UsageError, match="pertence agora a JOB-20260217"):
        start_next_attempt([execution()], intake, JOB, None)
    assert intake.started == []


def test_a_rerun_forces_every_stage_and_keeps_its_reason_on_the_record() -> None:
    intake = Intake([claim()], Fate.SUCCEEDED)
    event = start_next_attempt([execution(status="SUCCEEDED")], intake, JOB, "perfil corrigido")
    assert (event.force, event.reason, event.attempt) == (True, "perfil corrigido", 1)
    assert intake.claims[1].origin == "rerun"
    assert intake.claims[1].event == event
    assert intake.started == [f"{JOB}-R1"]


def test_resuming_a_forced_attempt_forces_nothing_any_more() -> None:
    forced = EVENT.model_copy(update={"attempt": 1, "force": True, "reason": "x"})
    intake = Intake([claim(), claim(1, attempt=1, force=True, reason="x")])
    attempts = [execution(), execution(f"{JOB}-R1", job=forced.model_dump(), after=1)]
    event = start_next_attempt(attempts, intake, JOB, None)
    assert (event.force, event.reason, event.attempt) == (False, None, 2)


class Succeeded:
    def attempts(self, job: str) -> list[Execution]:
        return [execution(status="SUCCEEDED")]


def test_what_ended_well_is_not_resumed() -> None:
    intake = Intake([claim()])
    with pytest.raises(UsageError, match="terminou bem"):
        resume(Succeeded(), intake, JOB, Output())  # type: ignore[arg-type]
    assert intake.started == []


@pytest.mark.parametrize("reason", ["", "x" * 501])
def test_a_rerun_needs_a_reason_that_fits_the_record(reason: str) -> None:
    with pytest.raises(UsageError, match="--reason"):
        start_next_attempt([execution(status="SUCCEEDED")], Intake([claim()]), JOB, reason)
