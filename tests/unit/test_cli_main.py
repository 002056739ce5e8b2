"""The command's contract: exit codes, and help for every verb."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from recon.cli import main
from recon.embedded.aws import EmbeddedAWSError
from shared.errors import ReconError

VERBS = ("run", "validate", "reconcile", "verify", "explain", "up", "runs", "show", "publish")
VERBS += ("reference put", "reference list")


@pytest.fixture(autouse=True)
def nothing_is_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: recon {verb}" in shown
    assert "--json" in shown


def test_the_help_lists_every_verb_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(verb.split()[0] in shown for verb in VERBS)
    assert "Exit codes: 0 agreed or pending" in shown


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["bogus"], "bogus"),
        (["run"], "FILE"),
        (["run", "missing.csv"], "missing.csv"),
        (["run", __file__, "--profile", "nao-ha"], "nao-ha"),
        (["validate", "missing.csv"], "missing.csv"),
        (["validate", __file__, "--reference", "missing.csv"], "--reference não se aplica"),
        (["validate", __file__, "--profile", "inter-razao"], "--reference ARQUIVO"),
        (["run", __file__, "--profile", "inter-razao"], "--reference ARQUIVO"),
        (
            ["reconcile", __file__, "--profile", "inter-razao", "--reference", "missing.csv"],
            "missing.csv",
        ),
        (["reference", "put", __file__], "--profile"),
        (["reconcile", __file__, "--profile", "nao-ha.toml"], "nao-ha.toml"),
        (["run", "missing.csv", "--day", "2026-02-30"], "2026-02-30"),
        (["runs", "--limit", "many"], "many"),
        (["runs"], "recon up"),
        (["show", "JOB", "--aws", "--endpoint", "http://127.0.0.1:1"], "se excluem"),
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
    ("error", "code"),
    [
        (ReconError("não deu", hint="faça assim"), 1),
        (EmbeddedAWSError("port 80: Permission denied"), 2),
        (PermissionError(13, "Permission denied", "/saida"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_how_a_verb_ends_is_its_exit_code(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ends(*_: object) -> int:
        raise error

    monkeypatch.setattr("recon.up.up", ends)
    assert main(["up"]) == code
    if not isinstance(error, KeyboardInterrupt):
        assert str(error) in capsys.readouterr().err


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
