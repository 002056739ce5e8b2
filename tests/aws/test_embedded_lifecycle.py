"""The embedded AWS starts, stops, keeps its state, and leaves no process behind however it ends."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon.embedded import aws as aws_module
from recon.embedded.aws import EmbeddedAWS, EmbeddedAWSError
from recon.packages import ROOT

ROLE = "arn:aws:iam::000000000000:role/any"
SLEEP = "import time\ntime.sleep(600)\n"
REGION = {"LocationConstraint": "sa-east-1"}


@pytest.fixture
def jobs_root(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "jobs" / "sleep"
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text(SLEEP)
    return tmp_path / "checkout"


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def processes() -> dict[int, int]:
    """Every process that is no zombie, and its parent."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state, *_ in rows if not state.startswith("Z")}


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    alive, found = processes(), {pid}
    while more := {child for child, parent in alive.items() if parent in found} - found:
        found |= more
    return found


def gone(pids: set[int]) -> None:
    until(lambda: not pids & processes().keys())


def keep_a_job_and_a_function_busy(aws: EmbeddedAWS) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration=REGION)
    s3.put_object(Bucket="data", Key="code/jobs/sleep/__main__.py", Body=b"# published")
    location = "s3://data/code/jobs/sleep/__main__.py"
    aws.client("glue").create_job(
        Name="sleep", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": location}
    )
    aws.client("glue").start_job_run(JobName="sleep")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", "def handle(event, context):\n    import time; time.sleep(600)")
    aws.client("lambda").create_function(
        FunctionName="sleep",
        Runtime="python3.13",
        Role=ROLE,
        Handler="handler.handle",
        Timeout=900,
        Code={"ZipFile": archive.getvalue()},
    )
    aws.client("lambda").invoke(FunctionName="sleep", InvocationType="Event")
    until(lambda: len(family(aws.pid)) == 3)


def test_a_stop_leaves_no_process_and_no_file(jobs_root: Path) -> None:
    with EmbeddedAWS(jobs_root=jobs_root) as aws:
        keep_a_job_and_a_function_busy(aws)
        started, scratch = family(aws.pid), aws._scratch
    gone(started)
    assert not scratch.exists()


def test_a_reset_ends_jobs_and_functions(jobs_root: Path) -> None:
    with EmbeddedAWS(jobs_root=jobs_root) as aws:
        keep_a_job_and_a_function_busy(aws)
        busy = family(aws.pid) - {aws.pid}
        aws.reset()
        gone(busy)


def test_a_killed_emulator_leaves_no_process(jobs_root: Path) -> None:
    with EmbeddedAWS(jobs_root=jobs_root) as aws:
        keep_a_job_and_a_function_busy(aws)
        started = family(aws.pid)
        assert aws.alive
        os.kill(aws.pid, signal.SIGKILL)
        gone(started)
        assert not aws.alive


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_whoever_started_it(death: signal.Signals) -> None:
    program = (
        "import signal, time\n"
        "from recon.embedded.aws import EmbeddedAWS\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & has it ignored
        "with EmbeddedAWS() as aws:\n"
        "    print(aws.pid, aws._scratch, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout
        pid, scratch = owner.stdout.readline().split()
        owner.send_signal(death)
        gone({owner.pid, int(pid)})
    until(lambda: not Path(scratch).exists())


def test_two_at_once_know_nothing_of_each_other() -> None:
    with EmbeddedAWS() as one, EmbeddedAWS() as other:
        assert one.port != other.port
        one.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration=REGION)
        assert other.client("s3").list_buckets()["Buckets"] == []


def test_what_is_in_the_state_folder_survives_a_stop_and_a_start(
    tmp_path: Path, jobs_root: Path
) -> None:
    with EmbeddedAWS(state_dir=tmp_path, jobs_root=jobs_root) as aws:
        keep_a_job_and_a_function_busy(aws)
        s3 = aws.client("s3")
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        versions = [
            s3.put_object(Bucket="data", Key="k", Body=b)["VersionId"] for b in (b"1", b"2")
        ]
        queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    with EmbeddedAWS(state_dir=tmp_path, jobs_root=jobs_root) as aws:
        s3 = aws.client("s3")
        bodies = [
            s3.get_object(Bucket="data", Key="k", VersionId=v)["Body"].read() for v in versions
        ]
        assert bodies == [b"1", b"2"]
        queue = aws.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
        assert queue.startswith(aws.endpoint_url)
        (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert message["Body"] == "hello"
        # What ran when it stopped has not gone on, and says so.
        (run,) = aws.client("glue").get_job_runs(JobName="sleep")["JobRuns"]
        assert run["JobRunState"] == "ERROR"
        assert aws.client("lambda").get_function(FunctionName="sleep")


def test_without_a_state_folder_nothing_is_kept() -> None:
    aws = EmbeddedAWS()
    with aws:
        aws.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration=REGION)
    with aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedAWSError, match=f"porta {port} .*in use"):
            EmbeddedAWS(port=port).start()


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_named(port: int) -> None:
    with pytest.raises(EmbeddedAWSError, match=f"porta {port} .*0-65535"):
        EmbeddedAWS(port=port).start()


def test_an_emulator_that_dies_at_its_start_shows_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho out of memory\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(aws_module.sys, "executable", str(program))
    with pytest.raises(EmbeddedAWSError, match=r"código 3\.\nout of memory"):
        EmbeddedAWS().start()


def test_an_account_sees_its_own_resources_only() -> None:
    with EmbeddedAWS(account_id="111111111111") as aws:
        assert aws.client("sts").get_caller_identity()["Account"] == "111111111111"
        queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        assert queue == f"{aws.endpoint_url}/111111111111/q"


def test_two_do_not_share_a_state_folder(tmp_path: Path) -> None:
    with (
        EmbeddedAWS(state_dir=tmp_path),
        pytest.raises(EmbeddedAWSError, match="Outra AWS embarcada"),
    ):
        EmbeddedAWS(state_dir=tmp_path).start()


def test_the_machine_s_own_aws_settings_and_proxies_are_not_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\ns3 = broken\n")
    for name, value in {
        "AWS_PROFILE": "nonsense",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "config"),
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with EmbeddedAWS() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
