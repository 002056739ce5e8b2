"""`recon run`, as a process of its own: one file from upload to alert on the embedded AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
STATES = (
    "StartTimer",
    "ValidateCSV",
    "CheckValidationResult",
    "CheckTimeout",
    "ReconcileData",
    "PrepareQuickSight",
    "NotifySuccess",
    "Success",
)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def environment(scratch: Path) -> dict[str, str]:
    """Everything that the command and its children create lies in `scratch`, and their command lines name it."""
    return {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)}


def recon(*arguments: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recon", *arguments],
        cwd=scratch.parent,
        env=environment(scratch),
        capture_output=True,
        text=True,
        timeout=180,
    )


def left_over(scratch: Path) -> list[str]:
    """Processes that the embedded AWS left, and files under its temporary folder."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    processes = [line for line in listed.stdout.splitlines() if str(scratch) in line]
    return processes + [str(path) for path in scratch.iterdir()]


def test_an_agreeing_file_is_followed_told_and_proven_and_nothing_stays_behind(
    scratch: Path,
) -> None:
    sample = str(ROOT / "samples" / "conciliado.csv")
    done = recon("run", sample, "--day", "2026-02-16", scratch=scratch)
    assert done.returncode == 0, done.stdout + done.stderr
    entered = [line.split("→ ")[1] for line in done.stdout.splitlines() if "→ " in line]
    assert tuple(entered) == STATES
    for state in STATES:
        assert f"✓ {state} " in done.stdout
    assert "✓ ValidateCSV" in done.stdout and "15 registros lidos, 14 lançamentos" in done.stdout
    assert "restam 19 min" in done.stdout
    assert "  │ Conciliação concluída com sucesso" in done.stdout
    assert "Veredito: Conciliado\n" in done.stdout

    (outputs,) = (scratch.parent / "recon-out").iterdir()
    assert f"Saídas em recon-out/{outputs.name}" in done.stdout
    assert outputs.name.startswith("JOB-20260216-default-")
    for shown in ("validation/entries.parquet", "reconciliation/matches.parquet", "alerta.txt"):
        assert (outputs / shown).stat().st_size
    assert "Conciliação concluída com sucesso" in (outputs / "alerta.txt").read_text()
    assert not left_over(scratch)


def test_a_file_that_cannot_be_read_fails_the_run_and_the_alert_says_why(scratch: Path) -> None:
    out = scratch.parent / "results"
    sample = str(ROOT / "samples" / "quebrado.csv")
    done = recon("run", sample, "--out", str(out), "--json", scratch=scratch)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert (document["outcome"], document["status"], document["verdict"]) == (
        "started",
        "FAILED",
        None,
    )
    assert [state["state"] for state in document["states"]] == [
        "StartTimer",
        "ValidateCSV",
        "SaveCheckpoint",
        "NotifyFailure",
        "Failure",
    ]
    alert = document["alert"]
    assert (alert["severity"], alert["status"]) == ("CRITICAL", "FAILED")
    assert (alert["error"]["state"], alert["error"]["code"]) == ("ValidateCSV", "WRONG_DELIMITER")
    assert "Falha no processamento de conciliação" in document["alert_email"]["text"]
    assert json.loads((out / "validation" / "error.json").read_text())["code"] == "WRONG_DELIMITER"
    assert json.loads((out / "checkpoint.json").read_text())["state"] == "ValidateCSV"


def test_a_run_that_has_too_many_pairs_leaves_what_was_matched_before(scratch: Path) -> None:
    narrow = scratch.parent / "estreito.toml"
    default = (ROOT / "profiles" / "default.toml").read_text("utf-8")
    text = default.replace('name = "default"', 'name = "estreito"')
    narrow.write_text(f"{text}\n[limits]\nmax_pairs = 1\n", encoding="utf-8")
    out = scratch.parent / "results"
    sample = str(ROOT / "samples" / "divergente.csv")
    done = recon("run", sample, "--profile", str(narrow), "--out", str(out), scratch=scratch)
    assert done.returncode == 1, done.stderr
    preliminary = out / "reconciliation" / "preliminary.parquet"
    assert f"conciliaram, sem ser resultado: {preliminary}" in done.stdout
    assert pq.read_table(preliminary).num_rows == 3


def test_what_is_no_csv_starts_nothing_and_is_told_so(scratch: Path) -> None:
    workbook = scratch.parent / "extrato.xlsx"
    workbook.write_bytes(b"PK\x03\x04")
    done = recon("run", str(workbook), scratch=scratch)
    assert done.returncode == 1, done.stderr
    assert "Arquivo recusado: não foi processado" in done.stdout
    assert "Salvar como > CSV" in done.stdout
    assert "StartTimer" not in done.stdout
    assert not (scratch.parent / "recon-out").exists()


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(scratch: Path, interruption: signal.Signals) -> None:
    sample = str(ROOT / "samples" / "conciliado.csv")
    with subprocess.Popen(
        [sys.executable, "-m", "recon", "run", sample],
        cwd=scratch.parent,
        env=environment(scratch),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "→ ValidateCSV" in line:  # a job's process is at work now
                break
        process.send_signal(interruption)
        process.stdout.read()
        assert process.wait(60) == 130
    assert not left_over(scratch)
