"""The command's contract: exit codes, help for every verb, and errors in Portuguese."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cyclopts import App

from recon.cli import app, main
from recon.embedded.aws import EmbeddedAWSError
from recon.errors import said_by_aws, said_by_the_system
from shared.errors import ReconError

ROOT = Path(__file__).parents[2]


def verbs(of: App, before: str = "") -> Iterator[str]:
    """As they are typed, those below another one too."""
    for name in of:
        if name.startswith("-"):
            continue
        below = list(verbs(of[name], f"{before}{name} "))
        yield from below or [f"{before}{name}"]


VERBS = tuple(verbs(app))


@pytest.fixture(autouse=True)
def nothing_is_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_all_verbs_of_the_design_are_there() -> None:
    assert set(VERBS) >= {
        *("run", "up", "runs", "show", "logs", "report", "resume", "abort", "rerun", "retract"),
        *("validate", "reconcile", "verify", "explain", "profile new", "profile check"),
        *("reference put", "check", "publish", "redrive-dlq", "completion"),
    }


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: recon {verb}" in shown
    assert "--json" in shown or verb == "completion"


def test_the_help_lists_every_verb_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"│ {verb.split()[0]} " in shown for verb in VERBS)
    assert "Exit codes: 0 agreed or pending" in shown


@pytest.mark.parametrize("readme", ["README.md", "LEIAME.md"])
def test_each_readme_names_every_verb_and_none_that_is_not_there(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    words = set(re.findall(r"\brecon ((?:profile |reference )?[a-z][a-z-]+)", text))
    named = {word for word in words if word in VERBS}
    assert named == set(VERBS)
    # In code, what follows `recon` is a verb; in prose it may be any word.
    in_code = re.findall(r"`(?:\.venv/bin/)?recon ((?:profile |reference )?[a-z][a-z-]+)", text)
    assert set(in_code) <= set(VERBS)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["bogus"], "O comando bogus não existe."),
        (["rus"], "O comando rus não existe. Seria run"),
        (["profile", "nw"], "O comando nw não existe. Seria new?"),
        (["show", "a", "b"], "b está a mais"),
        (["run"], "Falta FILE."),
        (["retract", "JOB"], "Falta --reason, ou o seu valor."),
        (["run", "x.csv", "--day"], "Falta --day, ou o seu valor."),
        (["run", "x.csv", "--dya", "1"], "A opção --dya não existe. Seria --day?"),
        (["run", "x.csv", "--day", "1", "--day", "2"], "--day foi dada mais de uma vez"),
        (["reconcile", "x.csv", "--engine", "x"], "não é um destes: duckdb, spark, auto"),
        (["runs", "--limit", "many"], "--limit: 'many' não é um número inteiro"),
        (["run", "missing.csv"], "missing.csv"),
        (["run", __file__, "--profile", "nao-ha"], "nao-ha"),
        (["validate", "missing.csv"], "missing.csv"),
        (["validate", __file__, "--reference", "missing.csv"], "--reference não se aplica"),
        (["reconcile", __file__, "--profile", "inter-razao"], "--reference ARQUIVO"),
        (["run", __file__, "--profile", "inter-razao"], "--reference ARQUIVO"),
        (
            ["reconcile", __file__, "--profile", "inter-razao", "--reference", "missing.csv"],
            "missing.csv",
        ),
        (["profile", "new", "missing.csv"], "missing.csv: não existe"),
        (["profile", "new", __file__, "--reference", "missing.csv"], "missing.csv: não existe"),
        (["profile", "check", "nao-ha"], "nao-ha"),
        (["profile", "check", "default", "missing.csv"], "missing.csv: não existe"),
        (["reference", "put", __file__], "--profile"),
        (["reconcile", __file__, "--profile", "nao-ha.toml"], "nao-ha.toml"),
        (["run", "missing.csv", "--day", "2026-02-30"], "2026-02-30"),
        (["runs"], "recon up"),
        (["check"], "recon up"),
        (["report", "JOB-X"], "recon up"),
        (["report", "./nao-ha"], "Não há pasta ./nao-ha"),
        (["show", "JOB", "--aws", "--endpoint", "http://127.0.0.1:1"], "se excluem"),
        (["--endpoint", "http://127.0.0.1:1"], "Não há `recon up` em execução"),
    ],
)
def test_wrong_usage_is_two_and_says_what_is_wrong(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    seen = capsys.readouterr()
    assert said in seen.err
    assert not seen.out

    assert main([*argv, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"]
    assert said in f"{error['message']} {error['hint']}"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ReconError("não deu", hint="faça assim"), 1, "não deu (RECON_ERROR)"),
        (EmbeddedAWSError("port 80: Permission denied"), 2, "port 80"),
        (PermissionError(13, "Permission denied", "/saida"), 2, "/saida: sem permissão"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_how_a_verb_ends_is_its_exit_code(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ends(*_: object) -> int:
        raise error

    monkeypatch.setattr("recon.up.up", ends)
    assert main(["up"]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "o disco está cheio"),
        (OSError(errno.EISDIR, "Is a directory", "x"), "x: é uma pasta"),
        (OSError(errno.ELOOP, "Too many levels"), "Too many levels"),  # rare: in its own words
    ],
)
def test_the_systems_usual_errors_are_told_in_portuguese(error: OSError, said: str) -> None:
    assert said_by_the_system(error) == said


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject"),
            "A AWS recusou GetObject: AccessDenied: no",
            "AWS_PROFILE",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            "A AWS não respondeu",
            "recon up",
        ),
    ],
)
def test_what_aws_says_is_kept_and_set_in_a_portuguese_sentence(
    error: Any, said: str, hint: str
) -> None:
    message, told = said_by_aws(error)
    assert message.startswith(said)
    assert told and hint in told


def test_a_bug_is_not_dressed_as_an_expected_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("recon.up.up", breaks)
    with pytest.raises(ZeroDivisionError):
        main(["up"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_even_where_a_script_started_it_in_the_background(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(number, signal.SIG_IGN)  # what `command &` does to SIGINT
    try:
        monkeypatch.setattr("recon.up.up", lambda *_: os.kill(os.getpid(), number))
        assert main(["up"]) == 130
        assert signal.getsignal(number) == signal.SIG_IGN, "as it was found"
    finally:
        signal.signal(number, before)


def test_nohup_keeps_its_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr("recon.up.up", lambda *_: os.kill(os.getpid(), signal.SIGHUP))
        assert main(["up"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shells_completion_names_every_verb(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for verb in VERBS for word in verb.split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("recon r", ["run", "reconcile", "runs", "resume", "rerun", "retract", "report"]),
        ("recon profile ", ["new", "check"]),
        ("recon reconcile --engine ", ["duckdb", "spark", "auto"]),
        ("recon show --", ["--endpoint", "--aws", "--stack-name", "--json", "--help"]),
        ("recon validate samples/quebr", ["samples/quebrado.csv"]),
    ],
)
def test_bash_offers_verbs_options_choices_and_files(
    line: str, offered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    words = line.split(" ")
    ask = f"COMP_WORDS=({' '.join(words)} {'' if words[-1] else chr(34) * 2}); "
    ask += f'COMP_CWORD={len(words) - 1}; _recon; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{capsys.readouterr().out}\n{ask}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert not done.stderr
    got = done.stdout.split()
    assert set(offered) <= set(got)
    assert set(got) <= {*offered, "reference", "redrive-dlq", "-h"}
