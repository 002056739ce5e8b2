"""The intake rule, row by row: what is known about an upload, and the step that follows."""

# ruff: noqa: E501 - a truth table is read by its columns
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.trigger.intake import (
    Acknowledge,
    Candidate,
    Conclude,
    Examine,
    Execution,
    LookUp,
    Put,
    Refusal,
    Start,
    Step,
    decide,
)
from services.trigger.notification import Arrival
from shared.alert import UploadDuplicate, UploadRefused
from shared.intake import Claim, Receipt, Upload
from shared.job_event import JobEvent

A, B = "a" * 64, "b" * 64
NOON = datetime(2026, 2, 16, 15, 0, tzinfo=UTC)
KEY = "2026-02-16/extrato.csv"


def upload(key: str = KEY, version: str = "ours") -> Upload:
    return Upload(bucket="ingress", key=key, version=version, size=120)


def job(day: str = "20260216", key: str = KEY, version: str = "ours", attempt: int = 0) -> JobEvent:
    return JobEvent(
        job_id=f"JOB-{day}-default-{A[:16]}",
        bucket_name="ingress",
        object_key=key,
        file_hash=A,
        object_version=version,
        object_size=120,
        attempt=attempt,
    )


ARRIVAL = Arrival(upload(), NOON, "ours")
OURS = Candidate(ARRIVAL, job())
UNSEEN = Candidate(ARRIVAL)
RESENT = Candidate(Arrival(upload().model_copy(update={"size": None}), NOON, "ours"), job())
REFUSED = Candidate(ARRIVAL, Refusal("NOT_CSV", "não é CSV", "envie um CSV", "default"))

MINE = Claim(number=0, event=job(), upload=upload())
OTHER_KEY = Claim(
    number=0, event=job(key="copia.csv", version="x"), upload=upload("copia.csv", "x")
)
OTHER_DAY = Claim(
    number=0, event=job(day="20260215", version="x"), upload=upload("2026-02-15/extrato.csv", "x")
)
SAME_KEY = Claim(number=0, event=job(version="before"), upload=upload(version="before"))
RESUMED = Claim(
    number=1,
    origin="resume",
    event=job(version="before", attempt=1),
    upload=upload(version="before"),
)
RETRACTED = Claim(
    number=1,
    origin="retract",
    event=job(version="before"),
    upload=upload(version="before"),
)
MINE_RESUMED = Claim(number=1, origin="resume", event=job(attempt=1), upload=upload())
LATER = Claim(
    number=1, event=job(key="copia.csv", version="x", attempt=1), upload=upload("copia.csv", "x")
)


def receipt(file_hash: str | None, hour: int, version: str = "before") -> Receipt:
    return Receipt(
        upload=upload(version=version),
        outcome="started" if file_hash else "refused",
        received_at=NOON.replace(hour=hour),
        file_hash=file_hash,
    )


RUNNING, SUCCEEDED, BAD = Execution.RUNNING, Execution.SUCCEEDED, Execution.ENDED_BADLY
UNSTARTED, TAKEN = Execution.NEVER_STARTED, Execution.NAME_TAKEN

# fmt: off
TABLE = [
    # what happened before this upload of A under KEY at 15:00 UTC      upload   chain                receipts               execution  next step
    ("its receipt is there: the same event again",                      UNSEEN,  [],                  [receipt(A, 15, "ours")], None,   "acknowledge"),
    ("its receipt is there, whatever else is known",                    OURS,    [OTHER_KEY],         [receipt(A, 15, "ours")], BAD,    "acknowledge"),
    ("the same event again, sent by hand and without the size",          RESENT,  [],                  [receipt(A, 15, "ours")], None,   "acknowledge"),
    ("nothing is known yet",                                            UNSEEN,  [],                  [],                    None,      "examine"),
    ("another version of the key has a receipt",                        UNSEEN,  [],                  [receipt(B, 14)],      None,      "examine"),
    ("it can be no run",                                                REFUSED, [],                  [],                    None,      "refuse NOT_CSV"),

    ("nobody claimed the bytes",                                        OURS,    [],                  [],                    None,      "put 000"),
    ("nobody claimed the bytes, the key had others",                    OURS,    [],                  [receipt(B, 14)],      None,      "put 000"),

    ("it claimed them just now, or before it died",                     OURS,    [MINE],              [],                    None,      "start 000"),
    ("it claimed them and died; the event comes again by hand",         RESENT,  [MINE],              [],                    None,      "start 000"),
    ("its execution goes on",                                           OURS,    [MINE],              [],                    RUNNING,   "started 000"),
    ("its execution ended well before it could write its receipt",      OURS,    [MINE],              [],                    SUCCEEDED, "started 000"),
    ("its execution ended badly before it could write its receipt",     OURS,    [MINE],              [],                    BAD,       "started 000"),
    ("Step Functions does not know yet what it started",                OURS,    [MINE],              [],                    UNSTARTED, "start 000"),
    ("an execution of its name has other bytes",                        OURS,    [MINE],              [],                    TAKEN,     "refuse EXECUTION_NAME_TAKEN"),
    ("it died before its receipt, and its failed run was resumed",      OURS,    [MINE, MINE_RESUMED], [],                   None,      "start 000"),
    ("it died before its receipt, its run failed, another upload went on", OURS, [MINE, LATER],       [],                    None,      "start 000"),

    ("another key owns the bytes",                                      OURS,    [OTHER_KEY],         [],                    None,      "look up 000"),
    ("... and its run goes on",                                         OURS,    [OTHER_KEY],         [],                    RUNNING,   "duplicate of 000, running"),
    ("... and its run succeeded",                                       OURS,    [OTHER_KEY],         [],                    SUCCEEDED, "duplicate of 000"),
    ("... and it died before it started its run",                       OURS,    [OTHER_KEY],         [],                    UNSTARTED, "start 000"),
    ("... and its run ended badly (same day: same job id)",             OURS,    [OTHER_KEY],         [],                    BAD,       "put 001 R1"),
    ("... and its execution's name was taken by other bytes",           OURS,    [OTHER_KEY],         [],                    TAKEN,     "put 001 R1"),
    ("another day's upload owns the bytes, its run ended badly",        OURS,    [OTHER_DAY],         [],                    BAD,       "put 001"),
    ("another day's upload owns the bytes, its run succeeded",          OURS,    [OTHER_DAY],         [],                    SUCCEEDED, "duplicate of 000"),
    ("a resumed attempt owns them and goes on",                         OURS,    [SAME_KEY, RESUMED], [],                    RUNNING,   "duplicate of 001, running"),
    ("a resumed attempt owns them and ended badly",                     OURS,    [SAME_KEY, RESUMED], [],                    BAD,       "put 002 R2"),
    ("they were retracted: nobody owns them",                           OURS,    [SAME_KEY, RETRACTED], [],                  None,      "put 002 R1 forced"),

    ("the same bytes once more under the same key",                     OURS,    [SAME_KEY],          [receipt(A, 14)],      SUCCEEDED, "duplicate of 000"),
    ("A, B, A: the file is put back",                                   OURS,    [SAME_KEY],          [receipt(A, 13, "v1"), receipt(B, 14)], SUCCEEDED, "put 001 R1"),
    ("A, B, A while A's first run goes on: it may find B and publish nothing", OURS, [SAME_KEY],      [receipt(A, 13, "v1"), receipt(B, 14)], RUNNING, "put 001 R1"),
    ("A, B, A where A's first run was never started: that first",       OURS,    [SAME_KEY],          [receipt(A, 13, "v1"), receipt(B, 14)], UNSTARTED, "start 000"),
    ("A, a refused version, A: the key held something else as well",    OURS,    [SAME_KEY],          [receipt(A, 13, "v1"), receipt(None, 14)], SUCCEEDED, "put 001 R1"),
    ("B, A where another key owns A: the key's tables show B",          OURS,    [OTHER_KEY],         [receipt(B, 14)],      SUCCEEDED, "put 001 R1"),

    # Events overtake each other. What counts is what the key held before this version, not what was heard of last.
    ("A, this A, B, and B's event came first",                          OURS,    [SAME_KEY],          [receipt(A, 14), receipt(B, 16, "newer")], SUCCEEDED, "duplicate of 000"),
    ("this A of another key's bytes, B, and B's event came first",      OURS,    [OTHER_KEY],         [receipt(B, 16, "newer")], SUCCEEDED, "duplicate of 000"),
    ("A, B, this A, B, and the last event came before this",            OURS,    [SAME_KEY],          [receipt(A, 13, "v1"), receipt(B, 14), receipt(B, 16, "newer")], SUCCEEDED, "put 001 R1"),
    ("A, B, this A, and A's first event comes late",                    OURS,    [SAME_KEY],          [receipt(B, 14), receipt(A, 13, "v1")], SUCCEEDED, "put 001 R1"),
    ("older than all that the key was heard of, and of new bytes: a run of its own", OURS, [],        [receipt(B, 16, "newer")], None,  "put 000"),
    ("A and B in the same millisecond: what was written last counts",   OURS,    [SAME_KEY],          [receipt(A, 15, "v1"), receipt(B, 15)], SUCCEEDED, "put 001 R1"),
]
# fmt: on


@pytest.mark.parametrize(
    ("candidate", "chain", "receipts", "execution", "expected"),
    [r[1:] for r in TABLE],
    ids=[r[0] for r in TABLE],
)
def test_the_next_step_is(
    candidate: Candidate,
    chain: list[Claim],
    receipts: list[Receipt],
    execution: Execution | None,
    expected: str,
) -> None:
    assert in_words(decide(candidate, chain, receipts, execution), chain) == expected


def in_words(step: Step, chain: list[Claim]) -> str:
    match step:
        case Acknowledge():
            return "acknowledge"
        case Examine():
            return "examine"
        case LookUp(claim):
            return f"look up {claim.number:03d}"
        case Start(claim):
            return f"start {claim.number:03d}"
        case Put(claim):
            attempt = claim.event.attempt
            forced = " forced" if claim.event.force else ""
            return f"put {claim.number:03d}" + (f" R{attempt}" if attempt else "") + forced
        case Conclude(receipt, UploadRefused() as alert):
            assert (receipt.outcome, receipt.code) == ("refused", alert.code)
            return f"refuse {alert.code}"
        case Conclude(receipt, alert):
            owner = next(c for c in chain if c.event.execution_name == receipt.execution_name)
            assert receipt.outcome == ("duplicate" if alert else "started")
            if alert is None:
                return f"started {owner.number:03d}"
            assert isinstance(alert, UploadDuplicate)
            return f"duplicate of {owner.number:03d}" + (", running" if alert.running else "")


def test_a_claim_holds_the_whole_job_under_the_uploads_own_name() -> None:
    step = decide(OURS, [OTHER_DAY, LATER], [], Execution.ENDED_BADLY)

    # LATER has this upload's job id (same day, same bytes), OTHER_DAY has not.
    assert step == Put(Claim(number=2, event=job(attempt=1), upload=upload()))


def test_a_duplicate_is_told_with_the_job_that_owns_the_bytes_and_owes_its_receipt_to_it() -> None:
    step = decide(OURS, [OTHER_DAY], [], Execution.RUNNING)

    owner = f"JOB-20260215-default-{A[:16]}"
    assert step == Conclude(
        Receipt(
            upload=upload(),
            outcome="duplicate",
            received_at=NOON,
            file_hash=A,
            profile="default",
            job_id=owner,
            execution_name=owner,
        ),
        UploadDuplicate(
            upload=upload(),
            profile="default",
            file_hash=A,
            job_id=owner,
            owner=OTHER_DAY.upload,
            running=True,
        ),
    )


def test_a_refusal_is_told_in_its_own_words() -> None:
    assert decide(REFUSED, [], [], None) == Conclude(
        Receipt(
            upload=upload(), outcome="refused", received_at=NOON, profile="default", code="NOT_CSV"
        ),
        UploadRefused(
            upload=upload(),
            profile="default",
            code="NOT_CSV",
            message="não é CSV",
            hint="envie um CSV",
        ),
    )


def test_a_started_upload_is_told_by_its_run_and_not_by_us() -> None:
    step = decide(OURS, [MINE], [], Execution.RUNNING)

    assert isinstance(step, Conclude)
    assert step.alert is None
    assert step.receipt.execution_name == MINE.event.execution_name


def test_the_refusal_of_a_taken_name_says_which_execution_has_it() -> None:
    step = decide(OURS, [MINE], [], Execution.NAME_TAKEN)

    assert isinstance(step, Conclude)
    assert isinstance(step.alert, UploadRefused)
    assert MINE.event.execution_name in step.alert.message
    assert step.alert.hint
