"""Uploads from event to receipt, on a fake AWS that can die at each call and let two handlers meet at each."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.trigger.admission import (
    MAX_STEPS,
    ArchivedObjectError,
    Digest,
    IntakeUnsettledError,
    Outcome,
    admit,
)
from services.trigger.intake import Execution
from services.trigger.notification import Arrival
from shared import layout
from shared.alert import UploadDuplicate, UploadRefused
from shared.intake import Claim, Receipt, Upload
from shared.job_event import JobEvent

INGRESS = "ingress"
KEY = "2026-02-16/extrato.csv"
COPY = "2026-02-16/copia.csv"
A, B = b"side,entry_id\nA,1\n", b"side,entry_id\nA,2\n"
NOON = datetime(2026, 2, 16, 15, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone: nothing in the code under test may survive it."""


def undisturbed(name: str, when: str) -> None:
    pass


@dataclass
class FakeAws:
    """services.trigger.admission.Aws in memory. `at_call(name, "before" | "after")` is told of each call."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    published: set[str] = field(default_factory=lambda: {"default", "banco-inter"})
    claims: dict[str, Claim] = field(default_factory=dict)
    written: dict[str, Receipt] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    states: dict[str, Execution] = field(default_factory=dict)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: list[UploadDuplicate | UploadRefused] = field(default_factory=list)
    digests: int = 0
    at_call: Callable[[str, str], None] = undisturbed
    clock: int = 0

    def upload(self, key: str, content: bytes, version: str | None = None) -> Arrival:
        self.clock += 1
        version = version or f"v{self.clock}"
        self.objects[key, version] = content
        upload = Upload(bucket=INGRESS, key=key, version=version, size=len(content))
        return Arrival(upload, NOON + timedelta(minutes=self.clock), version)

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        self.at_call(name, "before")
        yield
        self.at_call(name, "after")

    def receipts(self, upload: Upload) -> list[Receipt]:
        with self.call("receipts"):
            prefix = layout.receipts_prefix(upload.bucket, upload.key)
            return [receipt for key, receipt in self.written.items() if key.startswith(prefix)]

    def profiles(self) -> set[str]:
        with self.call("profiles"):
            return self.published

    def digest(self, arrival: Arrival) -> Digest | None:
        with self.call("digest"):
            self.digests += 1
            content = self.objects.get((arrival.upload.key, arrival.upload.version))
            return None if content is None else Digest(sha256(content), len(content))

    def chain(self, profile: str, file_hash: str) -> list[Claim]:
        with self.call("chain"):
            prefix = layout.claims_prefix(profile, file_hash)
            return [self.claims[key] for key in sorted(self.claims) if key.startswith(prefix)]

    def put_claim(self, claim: Claim) -> None:
        with self.call("put_claim"):
            key = layout.claim_key(claim.event.profile, claim.event.file_hash, claim.number)
            self.claims.setdefault(key, claim)

    def execution(self, job: JobEvent) -> Execution:
        with self.call("execution"):
            return self._state_of(job)

    def start(self, job: JobEvent) -> Execution:
        with self.call("start"):
            if job.execution_name not in self.inputs:
                self.inputs[job.execution_name] = job.to_json()
                self.states[job.execution_name] = Execution.RUNNING
            return self._state_of(job)

    def _state_of(self, job: JobEvent) -> Execution:
        if job.execution_name not in self.inputs:
            return Execution.NEVER_STARTED
        if JobEvent.from_json(self.inputs[job.execution_name]).file_hash != job.file_hash:
            return Execution.NAME_TAKEN
        return self.states[job.execution_name]

    def tell(self, alert: UploadDuplicate | UploadRefused) -> None:
        with self.call("tell"):
            upload = alert.upload
            marker = layout.intake_alert_marker_key(
                upload.bucket, upload.key, upload.version, alert.kind
            )
            self.told[marker, alert.kind] += 1
            self.alerts.append(alert)

    def put_receipt(self, receipt: Receipt) -> None:
        with self.call("put_receipt"):
            upload = receipt.upload
            self.written.setdefault(
                layout.receipt_key(upload.bucket, upload.key, upload.version), receipt
            )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def take(arrival: Arrival, aws: FakeAws) -> Outcome:
    return admit(arrival, aws, lambda job: None)


def job_id(content: bytes, profile: str = "default") -> str:
    return f"JOB-20260216-{profile}-{sha256(content)[:16]}"


# The ends of an upload


def test_an_upload_becomes_one_execution_named_for_its_day_profile_and_bytes() -> None:
    aws = FakeAws()
    named: list[str] = []

    outcome = admit(
        aws.upload("banco-inter/2026-02-16/extrato.csv", A),
        aws,
        lambda job: named.append(job.job_id),
    )

    name = job_id(A, "banco-inter")
    assert outcome.name == "started"
    assert named == [name]
    assert list(aws.inputs) == [name]
    assert JobEvent.from_json(aws.inputs[name]) == JobEvent(
        job_id=name,
        bucket_name=INGRESS,
        object_key="banco-inter/2026-02-16/extrato.csv",
        file_hash=sha256(A),
        object_version="v1",
        object_size=len(A),
        profile="banco-inter",
    )
    assert [receipt.outcome for receipt in aws.written.values()] == ["started"]
    assert not aws.alerts


def test_the_same_event_again_is_silent_and_reads_no_file() -> None:
    aws = FakeAws()
    arrival = aws.upload(KEY, A)
    take(arrival, aws)

    outcome = take(arrival, aws)

    assert outcome.name == "redelivered"
    assert outcome.receipt.job_id == job_id(A)
    assert (len(aws.inputs), aws.digests, aws.alerts) == (1, 1, [])


@pytest.mark.parametrize("key", [KEY, COPY, "2026-02-17/extrato.csv", "extrato.csv"])
def test_the_same_bytes_again_under_any_name_and_day_are_a_duplicate(key: str) -> None:
    aws = FakeAws()
    take(aws.upload(KEY, A), aws)

    outcome = take(aws.upload(key, A), aws)

    assert outcome.name == "duplicate"
    assert len(aws.inputs) == 1
    [alert] = aws.alerts
    assert isinstance(alert, UploadDuplicate)
    assert (alert.job_id, alert.owner.key, alert.running) == (job_id(A), KEY, True)


def test_the_same_bytes_for_another_profile_are_another_reconciliation() -> None:
    aws = FakeAws()
    take(aws.upload(KEY, A), aws)

    assert take(aws.upload("banco-inter/2026-02-16/extrato.csv", A), aws).name == "started"
    assert len(aws.inputs) == 2


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (KEY, f"{job_id(A)}-R1"),
        ("2026-02-17/extrato.csv", job_id(A).replace("20260216", "20260217")),
    ],
)
def test_the_same_bytes_after_a_bad_end_run_again_under_the_uploads_own_name(
    key: str, name: str
) -> None:
    aws = FakeAws()
    take(aws.upload(KEY, A), aws)
    aws.states[job_id(A)] = Execution.ENDED_BADLY

    outcome = take(aws.upload(key, A), aws)

    assert outcome.name == "started"
    assert list(aws.inputs) == [job_id(A), name]


def test_a_file_put_back_after_another_version_runs_again_each_time() -> None:
    aws = FakeAws()

    outcomes = [take(aws.upload(KEY, content), aws) for content in (A, B, A, B, B, A)]

    assert [outcome.name for outcome in outcomes] == ["started"] * 4 + ["duplicate", "started"]
    assert list(aws.inputs) == [
        job_id(A),
        job_id(B),
        *(f"{job_id(c)}-R{n}" for c, n in ((A, 1), (B, 1), (A, 2))),
    ]


def test_an_event_that_was_overtaken_still_gets_a_run_of_its_own() -> None:
    aws = FakeAws()
    older, newer = aws.upload(KEY, A), aws.upload(KEY, B)

    assert [take(newer, aws).name, take(older, aws).name] == ["started", "started"]
    assert list(aws.inputs) == [job_id(B), job_id(A)]


def test_an_upload_whose_owner_never_started_starts_it_and_is_its_duplicate() -> None:
    aws = FakeAws()
    first = aws.upload(KEY, A)
    aws.at_call = killing("put_claim", "after")
    with pytest.raises(Killed):
        take(first, aws)
    aws.at_call = undisturbed

    assert take(aws.upload(COPY, A), aws).name == "duplicate"
    assert [JobEvent.from_json(text).object_key for text in aws.inputs.values()] == [KEY]
    assert take(first, aws).name == "started"
    assert len(aws.inputs) == 1


def test_an_execution_of_that_name_with_other_bytes_refuses_the_upload_and_the_next_one_goes_round_it() -> (
    None
):
    aws = FakeAws()
    by_hand = JobEvent(job_id=job_id(A), bucket_name=INGRESS, object_key=KEY, file_hash="other")
    aws.start(by_hand)

    outcome = take(aws.upload(KEY, A), aws)
    again = take(aws.upload(KEY, A), aws)

    assert (outcome.name, outcome.receipt.code) == ("refused", "EXECUTION_NAME_TAKEN")
    assert [alert.kind for alert in aws.alerts] == ["upload_refused"]
    assert again.receipt.execution_name == f"{job_id(A)}-R1"


def test_a_chain_that_never_settles_is_left_to_the_next_delivery() -> None:
    class Contested(FakeAws):
        """Whatever is put, somebody else's claim stands there, and its run ends badly at once."""

        def put_claim(self, claim: Claim) -> None:
            other = Upload(bucket=INGRESS, key=COPY, version=f"x{claim.number}")
            super().put_claim(claim.model_copy(update={"upload": other}))

        def execution(self, job: JobEvent) -> Execution:
            return Execution.ENDED_BADLY

    aws = Contested()
    with pytest.raises(IntakeUnsettledError, match=str(MAX_STEPS)):
        take(aws.upload(KEY, A), aws)
    assert not aws.written


# Refusals


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        ("2026-02-16/extrato.xlsx", "NOT_CSV", "Salvar como"),
        ("2026-02-16/extrato.XLS", "NOT_CSV", "Salvar como"),
        ("2026-02-16/extrato.csv.zip", "NOT_CSV", "Descompacte"),
        ("2026-02-16/extrato.csv.gz", "NOT_CSV", "Descompacte"),
        ("2026-02-16/extrato.pdf", "NOT_CSV", "Exporte"),
        ("2026-02-16/extrato.ofx", "NOT_CSV", "Exporte"),
        ("2026-02-16/extrato", "NOT_CSV", "renomeie"),
        ("2026-02-16/.csv", "NOT_CSV", "renomeie"),
        ("2026-02-30/extrato.csv", "MALFORMED_KEY", "AAAA-MM-DD"),
        ("a/b/2026-02-16/extrato.csv", "MALFORMED_KEY", "AAAA-MM-DD"),
        ("Banco Inter/extrato.csv", "MALFORMED_KEY", "AAAA-MM-DD"),
        ("../extrato.csv", "MALFORMED_KEY", "AAAA-MM-DD"),
        ("itau/extrato.csv", "UNKNOWN_PROFILE", "banco-inter, default"),
    ],
)
def test_an_upload_that_can_be_no_run_is_told_what_to_do_and_not_read(
    key: str, code: str, said: str
) -> None:
    aws = FakeAws()

    outcome = take(aws.upload(key, A), aws)

    assert (outcome.name, outcome.receipt.code) == ("refused", code)
    [alert] = aws.alerts
    assert isinstance(alert, UploadRefused)
    assert alert.message
    assert alert.hint is not None
    assert said in alert.hint
    assert (aws.digests, aws.inputs, aws.claims) == (0, {}, {})


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "default/16-02-2026/x.csv",
            "'16-02-2026' da chave 'default/16-02-2026/x.csv' não é uma data AAAA-MM-DD",
        ),
        ("2026-02-16/default/x.csv", "'default' da chave"),
        ("a/b/c/x.csv", "pastas demais"),
        ("a/b/2026-02-16/x.csv", "pastas demais"),
        ("0001-01-01/x.csv", "'0001-01-01' está fora dos dias que as tabelas mostram"),
        ("2062-02-16/x.csv", "um ano depois do envio"),
        ("2026-02-30/x.csv", "não é uma data que existe"),
    ],
)
def test_a_wrong_key_is_told_what_is_wrong_in_it(key: str, said: str) -> None:
    aws = FakeAws()
    take(aws.upload(key, A), aws)
    [alert] = aws.alerts
    assert isinstance(alert, UploadRefused)
    assert said in alert.message


def test_an_extension_in_capitals_is_fine() -> None:
    aws = FakeAws()
    assert take(aws.upload("2026-02-16/EXTRATO.CSV", A), aws).name == "started"


def test_an_empty_file_and_a_version_that_is_gone_are_refused() -> None:
    aws = FakeAws()
    empty, gone = aws.upload(KEY, b""), aws.upload(KEY, A)
    aws.objects.pop((KEY, gone.upload.version))

    assert [take(empty, aws).receipt.code, take(gone, aws).receipt.code] == [
        "EMPTY_FILE",
        "OBJECT_GONE",
    ]
    assert [alert.kind for alert in aws.alerts] == ["upload_refused"] * 2


def test_a_file_in_an_archive_is_refused_and_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def archived(arrival: Arrival) -> None:
        raise ArchivedObjectError("no Glacier", hint="outra classe")

    aws = FakeAws()
    monkeypatch.setattr(aws, "digest", archived)
    assert take(aws.upload(KEY, A), aws).receipt.code == "OBJECT_ARCHIVED"
    [alert] = aws.alerts
    assert isinstance(alert, UploadRefused)
    assert (alert.message, alert.hint, alert.profile) == ("no Glacier", "outra classe", "default")


@pytest.mark.parametrize(
    ("key", "content", "code"),
    [
        ("banco-inter/2026-02-16/extrato.xlsx", A, "NOT_CSV"),
        ("itau/2026-02-16/extrato.csv", A, "UNKNOWN_PROFILE"),
        ("banco-inter/2026-02-16/extrato.csv", b"", "EMPTY_FILE"),
        ("banco-inter/2026-02-16/extrato.csv", None, "OBJECT_GONE"),
    ],
)
def test_a_refusal_is_told_and_kept_under_the_profile_of_its_key(
    key: str, content: bytes | None, code: str
) -> None:
    aws = FakeAws()
    arrival = aws.upload(key, content or b"")
    if content is None:
        aws.objects.clear()
    receipt = take(arrival, aws).receipt
    [alert] = aws.alerts
    assert isinstance(alert, UploadRefused)
    profile = key.split("/")[0]
    assert (receipt.code, receipt.profile) == (code, profile)
    assert (alert.code, alert.profile) == (code, profile)
    assert alert.message and alert.hint


def test_an_upload_without_a_folder_of_a_day_is_of_the_day_on_which_it_came() -> None:
    aws = FakeAws()
    assert take(aws.upload("extrato.csv", A), aws).receipt.job_id == job_id(A)


def test_without_any_profile_the_refusal_says_so() -> None:
    aws = FakeAws(published=set())
    take(aws.upload(KEY, A), aws)

    [alert] = aws.alerts
    assert isinstance(alert, UploadRefused)
    assert "nenhum" in (alert.hint or "")


def test_the_job_of_a_bucket_without_versions_reads_the_newest() -> None:
    aws = FakeAws()
    arrival = aws.upload(KEY, A, version="0055AED6DCD90281E5")
    outcome = take(Arrival(arrival.upload, arrival.at, None), aws)

    [text] = aws.inputs.values()
    assert JobEvent.from_json(text).version_id is None
    assert outcome.receipt.upload.version == "0055AED6DCD90281E5"


# Dying


def killing(name: str, when: str) -> Callable[[str, str], None]:
    def at_call(called: str, moment: str) -> None:
        if (called, moment) == (name, when):
            raise Killed

    return at_call


def killing_at(moment: int) -> Callable[[str, str], None]:
    """Dies at the moment of that number; each call has two, before and after its effect."""
    passed = 0

    def at_call(name: str, when: str) -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            raise Killed

    return at_call


def before_new_bytes(aws: FakeAws) -> None:
    pass


def before_a_duplicate(aws: FakeAws) -> None:
    take(aws.upload(COPY, A), aws)


def before_a_retry(aws: FakeAws) -> None:
    take(aws.upload(COPY, A), aws)
    aws.states[job_id(A)] = Execution.ENDED_BADLY


def before_a_put_back(aws: FakeAws) -> None:
    take(aws.upload(KEY, A), aws)
    take(aws.upload(KEY, B), aws)


def after_a_death_before_the_start(aws: FakeAws) -> None:
    aws.at_call = killing("put_claim", "after")
    with pytest.raises(Killed):
        take(aws.upload(COPY, A), aws)
    aws.at_call = undisturbed


def with_the_name_taken(aws: FakeAws) -> None:
    aws.start(JobEvent(job_id=job_id(A), bucket_name=INGRESS, object_key=KEY, file_hash="other"))


@pytest.mark.parametrize(
    ("given", "key", "calls", "outcome", "executions", "told"),
    [
        (before_new_bytes, KEY, 8, "started", 1, 0),
        (before_new_bytes, "extrato.xlsx", 3, "refused", 0, 1),
        (before_a_duplicate, KEY, 7, "duplicate", 0, 1),
        (before_a_retry, KEY, 9, "started", 1, 0),
        (before_a_put_back, KEY, 9, "started", 1, 0),
        (after_a_death_before_the_start, KEY, 8, "duplicate", 1, 1),
        (with_the_name_taken, KEY, 9, "refused", 0, 1),
    ],
)
def test_dying_at_any_call_is_healed_by_the_next_delivery(
    given: Callable[[FakeAws], None], key: str, calls: int, outcome: str, executions: int, told: int
) -> None:
    """Once before and once after each call: then exactly one execution, one receipt, one told (the notifier drops
    what it has told before)."""
    for moment in range(1, 2 * calls + 1):
        aws = FakeAws()
        given(aws)
        executions_before, told_before = len(aws.inputs), len(aws.told)
        arrival = aws.upload(key, A)

        aws.at_call = killing_at(moment)
        with pytest.raises(Killed):
            take(arrival, aws)
        aws.at_call = undisturbed
        end = take(arrival, aws)

        assert end.name == ("redelivered" if moment == 2 * calls else outcome)
        assert [r for r in aws.written.values() if r.upload == arrival.upload] == [end.receipt]
        assert end.receipt.outcome == outcome
        assert len(aws.inputs) - executions_before == executions
        assert len(aws.told) - told_before == told

    aws = FakeAws()
    given(aws)
    aws.at_call = killing_at(2 * calls + 1)
    assert take(aws.upload(key, A), aws).name == outcome, "there was no further call to die at"


# Two at the same moment


class Turns:
    """Lets two handlers run one call at a time, in a given order; whoever is left runs on alone."""

    def __init__(self, order: list[int]) -> None:
        self.order = order
        self.done: set[int] = set()
        self.changed = threading.Condition()

    def wait(self, who: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self._next(who) == who, timeout=10)
            if self.order:
                self.order.pop(0)
            self.changed.notify_all()

    def finish(self, who: int) -> None:
        with self.changed:
            self.done.add(who)
            self.changed.notify_all()

    def _next(self, who: int) -> int:
        while self.order and self.order[0] in self.done:
            self.order.pop(0)
        return self.order[0] if self.order else who


def take_both(arrivals: tuple[Arrival, Arrival], aws: FakeAws, order: list[int]) -> list[str]:
    turns, names = Turns(order), ["", ""]
    this = threading.local()
    aws.at_call = lambda name, when: turns.wait(this.who) if when == "before" else None

    def run(who: int) -> None:
        this.who = who
        try:
            names[who] = take(arrivals[who], aws).name
        finally:
            turns.finish(who)

    threads = [threading.Thread(target=run, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return names


# One goes n calls far, the other m, then the first to its end, then the second: no way has more than 14 calls.
ORDERS = [[0] * n + [1] * m + [0] * 20 + [1] * 20 for n, m in product(range(15), range(15))]


def test_two_uploads_of_the_same_bytes_at_the_same_moment_are_one_run_and_one_duplicate() -> None:
    seen = set()
    for order in ORDERS:
        aws = FakeAws()
        names = take_both((aws.upload(KEY, A), aws.upload(COPY, A)), aws, order)

        assert sorted(names) == ["duplicate", "started"], order
        assert len(aws.inputs) == 1
        assert len(aws.written) == 2
        assert len(aws.alerts) == 1
        seen.add(tuple(names))
    assert len(seen) == 2, "each of the two wins at times"


def test_two_deliveries_of_the_same_event_at_the_same_moment_are_one_run() -> None:
    for order in ORDERS:
        aws = FakeAws()
        arrival = aws.upload(KEY, A)
        names = take_both((arrival, arrival), aws, order)

        assert set(names) <= {"started", "redelivered"}, order
        assert "started" in names
        assert len(aws.inputs) == 1
        assert len(aws.claims) == 1
        assert len(aws.written) == 1
        assert not aws.alerts


def test_two_uploads_after_a_bad_end_at_the_same_moment_are_one_new_attempt() -> None:
    for order in ORDERS:
        aws = FakeAws()
        before_a_retry(aws)
        names = take_both((aws.upload(KEY, A), aws.upload("2026-02-17/extrato.csv", A)), aws, order)

        assert sorted(names) == ["duplicate", "started"], order
        assert len(aws.inputs) == 2
