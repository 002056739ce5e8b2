"""Every command that the help or a README shows is run, on a pipeline that is up, and ends with the code it should.

Names of files are those of the examples; a job in one is a real job here, in the state that the verb asks for. Each
example is a process of its own; for machines (--json), for an account and for its exit code it is `main` in this one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from recon.cli import app, main
from tests.e2e.test_take_back import job_process
from tests.e2e.test_up import AGREEING, BROKEN, Up, until
from tests.unit.test_cli_main import VERBS

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
JOB = re.compile(r"JOB-\d{8}-default-[0-9a-f]{16}")
EXAMPLE = re.compile(r"Example: (recon .*)")
DIVERGENT = {"run samples/inter-razao.csv"}  # exit code 1


def example(verb: str) -> str:
    """Of the verb's help."""
    of = app
    for word in verb.split():
        of = of[word]
    found = EXAMPLE.search(str(of.help))
    assert found, verb
    return found[1]


class Desk:
    """A folder with the examples' files, and a pipeline that is up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tmp").mkdir()
        (folder / "samples").symlink_to(ROOT / "samples")
        for name, source in {
            "extrato.csv": "samples/extrato-br.csv",
            "perfil.toml": "profiles/extrato-br.toml",
            "razao.csv": "samples/reference/inter-razao.csv",
            "ledger.csv": "samples/reference/inter-razao.csv",
        }.items():
            shutil.copyfile(ROOT / source, folder / name)
        self.up = Up(folder / "tmp", folder / ".recon")

    def environment(self, **more: str) -> dict[str, str]:
        return {**self.up._environment, **more, "BROWSER": "false"}

    def recon(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "recon", *words],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def recon_here(self, *words: str, **more: str) -> tuple[int, str, str]:
        """Its exit code, stdout and stderr: as the process, without the second that one takes to start."""
        out, errors = StringIO(), StringIO()
        surroundings = patch.dict(os.environ, self.environment(**more), clear=True)
        with surroundings, chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
            code = main(words)
        return code, out.getvalue(), errors.getvalue()

    @property
    def aws_settings(self) -> dict[str, str]:
        """The ordinary ones, which lead to the embedded AWS here."""
        return {
            "AWS_ENDPOINT_URL": self.up.line["endpoint"],
            "AWS_REGION": self.up.line["region"],
            "AWS_ACCESS_KEY_ID": self.up.line["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.up.line["secret_access_key"],
        }

    def started(self, key: str, body: bytes) -> str:
        before = self.up.executions()
        self.up.upload(key, body)
        return until(lambda: next(iter(self.up.executions() - before), None))

    def ended(self, key: str, body: bytes) -> str:
        job = self.started(key, body)
        arn = self.up.line["state_machine_arn"].replace(":stateMachine:", ":execution:")

        def over() -> bool | None:
            found = self.up.sfn.describe_execution(executionArn=f"{arn}:{job}")
            return True if found["status"] != "RUNNING" else None

        until(over)
        return job


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Started as the example of `recon up` starts it, but for where."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    try:
        yield desk
    finally:
        assert desk.up.stop() == 0


@pytest.fixture(scope="module")
def agreed(desk: Desk) -> str:
    return desk.ended("2026-02-16/a.csv", AGREEING)


@pytest.fixture(scope="module")
def failed(desk: Desk) -> str:
    return desk.ended("2026-02-16/quebrado.csv", BROKEN)


@pytest.fixture(scope="module")
def going_on(desk: Desk) -> str:
    """Its job is stopped, so that it is not over before it is aborted."""
    job = desk.started("2026-02-16/c.csv", AGREEING.replace(b"E001", b"E002"))
    pid = until(lambda: job_process(job))
    os.kill(pid, signal.SIGSTOP)
    return job


OF_JOBS = {
    "show": "agreed",
    "logs": "agreed",
    "rerun": "agreed",
    "resume": "failed",
    "abort": "going_on",
    "retract": "retracted",
}


@pytest.fixture(scope="module")
def retracted(desk: Desk) -> str:
    return desk.ended("2026-02-16/d.csv", AGREEING.replace(b"E001", b"E003"))


@pytest.fixture(scope="module")
def folders(desk: Desk) -> str:
    """What `recon run` and `recon reconcile` leave by their own examples; the job's folder."""
    assert desk.recon(*shlex.split(example("reconcile"))[1:]).returncode == 0
    assert desk.recon(*shlex.split(example("run"))[1:]).returncode == 0
    (outputs,) = (desk.folder / "recon-out").iterdir()
    return outputs.name


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("up", "run", "reconcile")])
def test_the_example_of_a_verbs_help_does_what_it_says(
    verb: str, desk: Desk, folders: str, request: pytest.FixtureRequest
) -> None:
    job = request.getfixturevalue(OF_JOBS[verb]) if verb in OF_JOBS else folders
    words = shlex.split(JOB.sub(job, example(verb)))[1:]
    done = desk.recon(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr
    assert_json(verb, words, desk)


def assert_json(verb: str, words: list[str], desk: Desk) -> None:
    """The same command for machines: one document, whether it can be done twice or not."""
    if verb == "completion":
        return
    given = [*words, "--json", *(["--force"] if verb == "profile new" else [])]
    _, out, _ = desk.recon_here(*(["check", "--no-run", "--json"] if verb == "check" else given))
    assert out.count("\n") == 1
    assert isinstance(json.loads(out), dict)


def test_up_takes_the_options_of_its_example(desk: Desk) -> None:
    """It is what the others run on; here it is refused a port that is taken, and says so."""
    words = shlex.split(example("up"))[1:]
    port = desk.up.line["endpoint"].rsplit(":", 1)[1]
    words[words.index("--port") + 1] = port
    words[words.index("--state") + 1] = str(desk.folder / "other")
    done = desk.recon(*words)
    assert done.returncode == 2
    assert f"A porta {port} não pode ser usada" in done.stderr


def test_recon_alone_tells_what_is_up_and_what_to_do(desk: Desk) -> None:
    failed = desk.ended("2026-02-18/quebrado.csv", BROKEN + b"\n")
    done = desk.recon()
    assert done.returncode == 0, done.stderr
    assert "O pipeline reconciliation está no ar." in done.stdout
    assert f"recon show {failed}" in done.stdout


def test_runs_tell_what_was_refused_repeated_and_retracted(desk: Desk, agreed: str) -> None:
    key = "2026-02-17/e.csv"
    job = desk.ended(key, AGREEING.replace(b"E001", b"E004"))
    assert desk.recon("retract", job, "--reason", "outra conta").returncode == 0
    desk.up.upload("2026-02-16/extrato.xlsx", b"PK\x03\x04")
    desk.up.upload("2026-02-17/de-novo.csv", AGREEING)

    def listed() -> Any:
        _, out, _ = desk.recon_here("runs", "--limit", "50", "--json")
        told = json.loads(out)
        return told if len(told["uploads"]) >= 2 else None

    told = until(listed)
    retracted = {run["execution"]: run["retracted"] for run in told["runs"]}
    assert retracted[job] == "outra conta"
    assert retracted[agreed] is None
    uploads = {each["upload"]["key"]: each for each in told["uploads"]}
    assert uploads["2026-02-16/extrato.xlsx"]["code"] == "NOT_CSV"
    assert uploads["2026-02-17/de-novo.csv"]["job_id"] == agreed
    said = desk.recon("runs", "--limit", "50").stdout
    assert f"{job}\tSUCCEEDED, retirada\t" in said
    assert "recusado\tNOT_CSV\t2026-02-16/extrato.xlsx" in said
    assert f"repetido\to conteúdo é de {agreed}\t2026-02-17/de-novo.csv" in said


@cache
def of_readme() -> list[str]:
    """The `recon` commands in the `sh` blocks of both."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "LEIAME.md"))
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    found = [line.split(".venv/bin/recon ", 1)[1] for line in lines if ".venv/bin/recon " in line]
    assert found
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("command", [c for c in of_readme() if not c.startswith("up ")])
def test_a_command_of_the_readme_runs(command: str, desk: Desk) -> None:
    settings = desk.aws_settings if "--aws" in command else {}
    done = desk.recon(*shlex.split(command), **settings)
    expected = 1 if any(command.startswith(start) for start in DIVERGENT) else 0
    assert done.returncode == expected, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("", "runs", "show JOB", "logs JOB", "report JOB", "explain JOB 2", "verify JOB"),
        *("publish", "redrive-dlq", "reference list --profile inter-razao"),
    ],
)
def test_verbs_take_an_account_by_the_ordinary_aws_settings(
    command: str, desk: Desk, agreed: str
) -> None:
    words = [agreed if word == "JOB" else word for word in command.split()]
    nothing_is_up = {"XDG_RUNTIME_DIR": str(desk.folder)}
    code, out, errors = desk.recon_here(*words, "--aws", **nothing_is_up, **desk.aws_settings)
    assert code == 0, out + errors


OF_EACH: dict[str, Callable[[Desk], tuple[int, tuple[str, ...]]]] = {
    "agreed": lambda desk: (0, ("reconcile", "samples/conciliado.csv", "--out", "x")),
    "divergent": lambda desk: (1, ("reconcile", "samples/divergente.csv", "--out", "x")),
    "refused": lambda desk: (1, ("validate", "samples/quebrado.csv", "--out", "x")),
    "wrong usage": lambda desk: (2, ("reconcile",)),
    "wrong profile": lambda desk: (2, ("profile", "check", "nao-ha")),
    "wrong environment": lambda desk: (2, ("runs", "--endpoint", "http://127.0.0.1:1")),
}


@pytest.mark.parametrize("end", OF_EACH)
def test_the_exit_codes_are_those_of_the_page(end: str, desk: Desk) -> None:
    code, words = OF_EACH[end](desk)
    assert desk.recon_here(*words)[0] == code


def test_a_failed_run_is_shown_with_one(desk: Desk, failed: str) -> None:
    assert desk.recon("show", failed).returncode == 1
    assert desk.recon("report", failed).returncode == 2  # there is none
