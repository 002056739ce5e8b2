"""Many uploads at once, each event delivered twice and out of order: one execution, one result, one alert each.

Also while the trigger's processes are killed, when the embedded AWS stops in the middle and starts again, and with a
full disk under the jobs. Queue, trigger, state machine, notifier and topic are real everywhere. Of 500 uploads the jobs
are faked, for it is not they who lose anything: they end at once, or are processes that do nothing. Fewer uploads run
through the real jobs.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import deploy
from recon.output import Output
from recon.pipeline import Pipeline
from recon.resumption import resume
from recon.stack import Stack
from shared.layout import RECEIPTS, Stage
from shared.manifest import ReconciliationFigures
from tests.e2e.functions_here import tick_later, trigger
from tests.state_machine.pipeline import EVERYTHING_WORKS, GLUE_TASKS
from tests.waiting import until

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "samples" / "divergente.csv").read_bytes()
TRIGGER = "reconciliation-trigger"
AT_A_TIME = 8
FAKED = [fault for fault in EVERYTHING_WORKS if fault.state in GLUE_TASKS]
MEMORY = 4 << 30


def counts(few: int, many: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


@dataclass
class Burst:
    """told: how often each execution's job was told each kind of thing."""

    aws: EmbeddedAWS
    stack: Stack
    inbox: str
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.aws.client, self.stack)

    def upload(self, contents: Iterable[bytes]) -> None:
        """Eight at a time; then the events, each twice, in any order."""
        s3, sqs = self.aws.client("s3"), self.aws.client("sqs")

        def put(body: bytes) -> dict[str, Any]:
            key = f"2026-02-16/arquivo {uuid.uuid4()}.csv"
            put = s3.put_object(Bucket=self.stack.ingress_bucket, Key=key, Body=body)
            return {"key": quote_plus(key), "size": len(body), "versionId": put["VersionId"]}

        def send(uploaded: dict[str, Any]) -> None:
            record = {
                "eventName": "ObjectCreated:Put",
                "eventTime": "2026-02-16T12:00:00.000Z",
                "s3": {"bucket": {"name": self.stack.ingress_bucket}, "object": uploaded},
            }
            body = json.dumps({"Records": [record]})
            sqs.send_message(QueueUrl=self.stack.queue_url, MessageBody=body)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            twice = list(pool.map(put, contents)) * 2
            random.Random(len(twice)).shuffle(twice)
            list(pool.map(send, twice))

    def executions(self) -> dict[str, str]:
        """Their status, by name."""
        states = self.aws.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=self.stack.state_machine_arn
        )
        return {each["name"]: each["status"] for page in pages for each in page["executions"]}

    def receive(self) -> int:
        """How many alerts came."""
        received = self.pipeline.receive(self.inbox, 1)
        self.told.update((each.alert.job_id or "", each.alert.kind) for each in received)
        return len(received)

    def receive_all(self, least: int, seconds: float = 900) -> None:
        """Until there are so many alerts and no more come."""
        quiet = 0

        def silent() -> bool | None:
            nonlocal quiet
            quiet = 0 if self.receive() else quiet + 1
            return True if self.told.total() >= least and quiet >= 3 else None

        until(silent, seconds)

    def resume(self, jobs: Iterable[str]) -> None:
        intake = trigger(self.aws.client, self.stack)
        for job in jobs:
            resume(self.pipeline, intake, job, Output())

    def drain(self) -> None:
        """Until the queue has no message, nor one that is hidden: of a trigger that died, say."""
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.aws.client("sqs")

        def empty() -> bool | None:
            asked = sqs.get_queue_attributes(QueueUrl=self.stack.queue_url, AttributeNames=counts)
            return True if set(asked["Attributes"].values()) == {"0"} else None

        until(empty, 120)

    def quick_to_redeliver(self) -> None:
        """What a process died of comes again when its time is over: in half a minute, not twelve."""
        self.aws.client("lambda").update_function_configuration(FunctionName=TRIGGER, Timeout=20)
        self.aws.client("sqs").set_queue_attributes(
            QueueUrl=self.stack.queue_url, Attributes={"VisibilityTimeout": "30"}
        )


@contextmanager
def burst(*, runs_at_a_time: int = 50, **options: Any) -> Iterator[Burst]:
    with EmbeddedAWS(wait_scale=0, **options) as aws:
        stack = deploy(aws, parameters={"MaxConcurrentRuns": str(runs_at_a_time)})
        # The events are sent by hand: twice, and out of order.
        aws.client("s3").put_bucket_notification_configuration(
            Bucket=stack.ingress_bucket, NotificationConfiguration={}
        )
        deployed = Burst(aws, stack, Pipeline(aws.client, stack).subscribe_queue())
        deployed.drain()  # S3's test event
        yield deployed


def different(count: int) -> list[bytes]:
    return [uuid.uuid4().bytes for _ in range(count)]


def same_rows(count: int) -> list[bytes]:
    return [SAMPLE + b"\n" * number for number in range(count)]


def ended_well_once(burst: Burst, count: int) -> None:
    executions = burst.executions()
    assert Counter(executions.values()) == {"SUCCEEDED": count}
    assert burst.told == {(name, "run_completed"): 1 for name in executions}
    nothing_left(burst, count)


def nothing_left(burst: Burst, count: int) -> None:
    # An execution may end before its message comes again, if the trigger died between start and receipt.
    burst.drain()
    listed = burst.aws.client("s3").get_paginator("list_objects_v2")
    pages = listed.paginate(Bucket=burst.stack.data_bucket, Prefix=RECEIPTS)
    assert sum(page["KeyCount"] for page in pages) == count
    dead = burst.aws.client("sqs").get_queue_attributes(
        QueueUrl=burst.stack.dlq_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0"


@counts(20, 500)
@pytest.mark.timeout(900)
def test_each_of_many_uploads_is_run_and_told_once(count: int) -> None:
    with burst() as all_of_them:
        all_of_them.aws.fault(*FAKED)
        with memory_watched(all_of_them.aws) as most:
            all_of_them.upload(different(count))
            all_of_them.receive_all(count)
        ended_well_once(all_of_them, count)
        assert most() < MEMORY


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_of_many_uploads_has_the_result_that_one_alone_has() -> None:
    """With the real jobs. Those beyond the limit wait in the queue, as Glue's do."""
    with burst(runs_at_a_time=3) as all_of_them, memory_watched(all_of_them.aws) as most:
        all_of_them.upload(same_rows(20))
        all_of_them.receive_all(20)
        ended_well_once(all_of_them, 20)
        assert len(results(all_of_them, all_of_them.executions())) == 1
        assert most() < MEMORY


def results(burst: Burst, executions: Iterable[str]) -> set[str]:
    found = set()
    for name in executions:
        job = name.partition("-R")[0]
        manifest = burst.pipeline.manifest(job, name, Stage.RECONCILIATION)
        assert manifest, name
        found.add(manifest.figures_of(ReconciliationFigures).result_hash)
    return found


# The trigger dies


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the trigger's processes in /proc")
@counts(20, 500)
@pytest.mark.timeout(1800)
def test_a_trigger_that_is_killed_now_and_then_loses_none_and_doubles_none(count: int) -> None:
    with burst() as all_of_them:
        all_of_them.aws.fault(*FAKED)
        all_of_them.quick_to_redeliver()
        with killed_now_and_then(all_of_them.aws) as killed:
            all_of_them.upload(different(count))
            until(lambda: len(killed) >= count // 10 or None, 300)
        all_of_them.receive_all(count)
        ended_well_once(all_of_them, count)


@contextmanager
def killed_now_and_then(aws: EmbeddedAWS) -> Iterator[list[int]]:
    """The trigger's processes of this emulator, at random; yields those that were, as they are."""
    chance, of_trigger = random.Random(7), f"AWS_LAMBDA_FUNCTION_NAME={TRIGGER}\0".encode()
    killed: list[int] = []
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(chance.uniform(0.5, 2)):  # one that is always killed takes nothing in
            workers = [pid for pid, parent, _ in processes() if parent == aws.pid]
            # It ended meanwhile; or there is none.
            with suppress(FileNotFoundError, ProcessLookupError, IndexError):
                mine = [p for p in workers if of_trigger in Path(f"/proc/{p}/environ").read_bytes()]
                pid = chance.choice(mine)
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield killed
    finally:
        stop.set()
        killer.join()


# The whole of AWS stops


@counts(20, 500)
@pytest.mark.timeout(1800)
def test_what_a_stop_of_the_embedded_aws_cut_is_told_and_resumed_and_the_rest_goes_on(
    tmp_path: Path, count: int
) -> None:
    options: dict[str, Any] = {
        "jobs_root": idle_jobs(tmp_path / "checkout"),
        "state_dir": tmp_path / "state",
    }
    with burst(runs_at_a_time=8, **options) as before:
        before.quick_to_redeliver()
        before.upload(different(count))

        def in_the_middle() -> bool | None:
            """Some have ended well, and others have not."""
            found = Counter(before.executions().values())
            return True if found["SUCCEEDED"] and found["RUNNING"] >= 2 else None

        until(in_the_middle, 900)
        before.receive()

    with EmbeddedAWS(wait_scale=0, **options) as aws:
        after = Burst(aws, Stack.find(aws.client, before.stack.name), before.inbox, before.told)
        after.inbox = aws.client("sqs").get_queue_url(QueueName=before.inbox.rpartition("/")[2])[
            "QueueUrl"
        ]

        def cut() -> list[str] | None:
            """Once all have ended, and those that did so badly were told."""
            while after.receive():
                pass
            tick_later(aws.client, after.stack, minutes=3)
            found = after.executions()
            bad = [name for name, status in found.items() if status == "FAILED"]
            over = len(found) == count and "RUNNING" not in found.values()
            return bad if over and all(tells_an_end(after, name) for name in bad) else None

        bad = until(cut, 900)
        assert 0 < len(bad) < count
        after.resume(bad)
        until(lambda: None if "RUNNING" in after.executions().values() else True, 900)
        after.receive_all(count + len(bad))
        ends = after.executions()
        jobs = {name.partition("-R")[0] for name in ends}
        assert len(jobs) == count
        assert Counter(ends.values()) == {"SUCCEEDED": count, "FAILED": len(bad)}
        assert {job for job, kind in after.told if kind == "run_completed"} == jobs
        # Of one attempt each, but for what was told just when it was cut.
        assert {n for (_, kind), n in after.told.items() if kind == "run_failed"} == {1}
        nothing_left(after, count)


def tells_an_end(burst: Burst, job: str) -> bool:
    return bool(burst.told[job, "run_failed"] or burst.told[job, "run_completed"])


def idle_jobs(root: Path) -> Path:
    for job in ("validation", "reconciliation", "quicksight_prep"):
        (root / "jobs" / job).mkdir(parents=True)
        (root / "jobs" / job / "__main__.py").write_text("import time; time.sleep(0.5)")
    return root


# No space is left


ON_A_SMALL_DISK = """
import resource, signal
from pathlib import Path

__path__ = [{real!r}]
if Path({full!r}).exists():
    # As a disk on which so much is free: what is written beyond it fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
"""


@counts(2, 12)
@pytest.mark.timeout(1800)
def test_runs_whose_disk_is_full_are_told_and_resumed_once_there_is_space(
    tmp_path: Path, count: int
) -> None:
    full = tmp_path / "full"
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text(
        ON_A_SMALL_DISK.format(real=str(ROOT / "jobs"), full=str(full))
    )
    (tmp_path / "shared").symlink_to(ROOT / "shared")
    full.touch()
    with burst(runs_at_a_time=3, jobs_root=tmp_path) as all_of_them:
        all_of_them.upload(same_rows(count))
        all_of_them.receive_all(count)
        jobs = list(all_of_them.executions())
        assert Counter(all_of_them.executions().values()) == {"FAILED": count}
        assert all_of_them.told == {(job, "run_failed"): 1 for job in jobs}
        for job in jobs:
            checkpoint = all_of_them.pipeline.checkpoint(job)
            assert checkpoint and checkpoint.error.stage_error, checkpoint
        full.unlink()
        all_of_them.resume(jobs)
        all_of_them.receive_all(2 * count)
        assert all_of_them.told == {
            (job, kind): 1 for job in jobs for kind in ("run_failed", "run_completed")
        }
        assert len(results(all_of_them, (f"{job}-R1" for job in jobs))) == 1
        nothing_left(all_of_them, count)


# The machine


def processes() -> list[tuple[int, int, int]]:
    """Process, parent, and the memory that it holds, in KiB."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    )
    return [(int(a), int(b), int(c)) for a, b, c in map(str.split, listed.stdout.splitlines())]


@contextmanager
def memory_watched(aws: EmbeddedAWS) -> Iterator[Callable[[], int]]:
    """The most that the emulator and its children held at a time, in bytes."""
    most, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            held = sum(rss for pid, parent, rss in processes() if aws.pid in (pid, parent))
            most[0] = max(most[0], held * 1024)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        stop.set()
        watcher.join()
        logging.getLogger(__name__).info("at most %d MiB", most[0] >> 20)
