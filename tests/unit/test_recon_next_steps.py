"""What `recon` alone says can be done next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recon.cli import main
from recon.history import Listed
from recon.next_steps import of_runs, of_this_folder
from recon.pipeline import Execution
from shared.taxonomy import Verdict
from tests.run_cases import NOW

UPLOAD = "s3://ingress/2026-02-16/"


def listed(
    job: str,
    status: str,
    verdict: Verdict | None = None,
    attempt: int = 0,
    retracted: str | None = None,
) -> Listed:
    name = f"{job}-R{attempt}" if attempt else job
    return Listed(Execution("arn", name, status, NOW, NOW, {"job_id": job}), verdict, retracted)


def commands(*runs: Listed) -> list[str]:
    return [step.command for step in of_runs(runs, UPLOAD)]


def test_a_pipeline_without_runs_waits_for_a_file() -> None:
    assert commands() == [f"aws s3 cp ARQUIVO.csv {UPLOAD}", "recon runs"]


def test_the_newest_run_that_ended_badly_is_shown_and_resumed() -> None:
    found = commands(
        listed("J3", "SUCCEEDED", Verdict.DIVERGENT),
        listed("J2", "TIMED_OUT"),
        listed("J1", "FAILED"),
    )
    assert found[:3] == ["recon show J2", "recon resume J2", "recon report J3"]


def test_a_failure_that_a_later_attempt_mended_is_no_step_any_more() -> None:
    found = commands(listed("J1", "SUCCEEDED", Verdict.AGREED, 1), listed("J1", "FAILED"))
    assert not [command for command in found if "resume" in command]
    assert found[0] == "recon report J1"


def test_a_run_that_goes_on_is_looked_at() -> None:
    assert commands(listed("J1", "RUNNING"))[0] == "recon show J1"


def test_a_retracted_result_is_nothing_to_open() -> None:
    found = commands(listed("J1", "SUCCEEDED", Verdict.AGREED, retracted="outra conta"))
    assert not [command for command in found if "report" in command]


def test_without_a_pipeline_the_last_report_of_this_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert [step.command for step in of_this_folder(tmp_path)] == [
        "recon run ARQUIVO.csv",
        "recon profile new ARQUIVO.csv",
        "recon up",
    ]
    page = tmp_path / "JOB-1" / "quicksight-prep" / "report.html"
    page.parent.mkdir(parents=True)
    page.touch()
    monkeypatch.setenv("AWS_PROFILE", "empresa")
    found = [step.command for step in of_this_folder(tmp_path)]
    assert (found[0], found[-1]) == (f"recon report {tmp_path / 'JOB-1'}", "recon --aws")


def test_recon_alone_says_it_in_a_few_lines_and_asks_nothing_of_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "Não há `recon up` em execução." in said
    assert "  recon run ARQUIVO.csv" in said
    assert len(said.splitlines()) < 20
    assert main(["--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "recon up" in [step["command"] for step in told["next"]]
