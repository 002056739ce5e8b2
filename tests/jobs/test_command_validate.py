"""What `recon validate --json` tells a machine, of a file that it accepts and of one that it refuses."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.reconciliation.engine import DuckDBEngine
from jobs.reconciliation.rules import Sql
from recon.cli import main

SAMPLES = Path(__file__).parents[2] / "samples"


def told(
    file: Path, profile: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, Any]:
    code = main(["validate", str(file), "--profile", profile, "--out", str(out), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_accepted_file_is_told_with_its_rows_and_where_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(SAMPLES / "inter.csv", "inter", tmp_path, capsys) == (
        0,
        {
            "verdict": "accepted",
            "rows": {"lines": 12, "header": 1, "skipped": 6, "entries": 4, "rejected": 1},
            "codes": {"AMOUNT_FORMAT": 1},
            "error": None,
            "entries": str(tmp_path / "entries.parquet"),
            "rejects": str(tmp_path / "rejects.parquet"),
        },
    )


def test_a_file_refused_for_its_rows_is_told_with_what_was_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text("Data,Valor,Identificador,Descrição\n02/03/2026,x,1,y\n\n")
    code, document = told(tmp_path / "bad.csv", "nubank-conta", tmp_path, capsys)
    assert (code, document["verdict"], document["error"]["code"]) == (1, "refused", "REJECT_RATIO")
    assert document["rows"] == {"lines": 3, "header": 1, "skipped": 1, "entries": 0, "rejected": 1}
    assert document["codes"] == {"AMOUNT_FORMAT": 1}
    assert (document["entries"], document["rejects"]) == (None, None)


def test_a_file_refused_before_its_rows_were_read_is_told_with_zeros(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = told(SAMPLES / "quebrado.csv", "inter", tmp_path, capsys)
    assert (code, document["error"]["code"]) == (1, "HEADER_NOT_FOUND")
    assert document["rows"] == dict.fromkeys(
        ("lines", "header", "skipped", "entries", "rejected"), 0
    )


def test_a_file_with_its_reference_is_told_with_the_records_of_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = SAMPLES / "reference" / "inter-razao.csv"
    given = ("--profile", "inter-razao", "--reference", str(reference), "--out", str(tmp_path))
    assert main(["validate", str(SAMPLES / "inter-razao.csv"), *given, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == {
        "lines": 13,
        "header": 1,
        "skipped": 6,
        "entries": 5,
        "rejected": 1,
    }
    told = document["reference"]
    assert (told["name"], told["lines"], told["entries"], told["rejected"]) == (
        "inter-razao.csv",
        7,
        5,
        1,
    )
    assert told["sha256"] == hashlib.sha256(reference.read_bytes()).hexdigest()


def test_an_upload_is_read_without_the_reference_that_its_profile_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = told(SAMPLES / "inter-razao.csv", "inter-razao", tmp_path, capsys)
    assert code == 0
    assert (document["rows"]["entries"], document["rows"]["rejected"]) == (5, 1)
    assert "reference" not in document
    sides = pq.read_table(tmp_path / "entries.parquet", columns=["side"])["side"].to_pylist()
    assert sides == ["B"] * 5
    assert (
        main(["validate", str(SAMPLES / "quebrado.csv"), "--profile", "inter-razao", "--json"]) == 1
    )
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "HEADER_NOT_FOUND"


def test_validation_alone_does_not_take_the_place_of_a_reconciliation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = str(SAMPLES / "conciliado.csv")
    assert main(["reconcile", sample]) == 0
    assert main(["validate", sample]) == 0
    assert (tmp_path / "recon-out" / "conciliado" / "matches.parquet").exists()
    assert (tmp_path / "recon-out" / "conciliado-validation" / "entries.parquet").exists()


@pytest.mark.parametrize("verb", ["validate", "reconcile"])
def test_nothing_that_a_library_says_at_the_end_is_among_what_people_read(
    verb: str, tmp_path: Path
) -> None:
    sample = SAMPLES / "conciliado.csv"
    done = subprocess.run(
        [sys.executable, "-m", "recon", verb, str(sample), "--out", str(tmp_path / "out")],
        cwd=SAMPLES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", ["validate", "reconcile"])
def test_a_refused_file_leaves_an_earlier_result_as_it_was_and_says_so(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["reconcile", str(SAMPLES / "conciliado.csv"), "--out", str(out)]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert {"run.json", "entries.parquet", "matches.parquet"} <= before.keys()
    assert "resultado anterior" not in capsys.readouterr().out
    assert main([verb, str(SAMPLES / "quebrado.csv"), "--out", str(out)]) == 1
    told = capsys.readouterr().out
    assert "O resultado anterior, de " in told
    assert f", ficou em {out}" in told
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_accepted_file_takes_the_place_of_an_earlier_result_and_of_what_a_killed_run_left(
    tmp_path: Path,
) -> None:
    assert main(["reconcile", str(SAMPLES / "conciliado.csv"), "--out", str(tmp_path)]) == 0
    (tmp_path / "recon-unfinished").mkdir()
    (tmp_path / "recon-unfinished" / "matches.parquet").touch()
    assert main(["validate", str(SAMPLES / "conciliado.csv"), "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"entries.parquet", "rejects.parquet"}


@pytest.mark.parametrize("verb", ["validate", "reconcile"])
def test_a_refused_file_leaves_no_folder_where_there_was_none(verb: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([verb, str(SAMPLES / "quebrado.csv"), "--out", str(out)]) == 1
    assert not out.exists()


@pytest.mark.parametrize(("profile", "code"), [("default", "DELIMITER"), ("inter", "HEADER")])
def test_a_file_of_another_form_is_told_how_to_get_a_profile(
    profile: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = str(SAMPLES / "quebrado.csv")
    assert main(["validate", broken, "--profile", profile, "--out", str(tmp_path / "out")]) == 1
    seen = capsys.readouterr()
    assert code in seen.err
    assert f"recon profile new {broken} propõe um perfil" in seen.out


def test_a_profile_that_is_not_there_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["validate", str(SAMPLES / "inter.csv"), "--profile", "naoexiste"]) == 2
    told = capsys.readouterr().err
    assert "O perfil naoexiste não existe" in told
    assert "default, extrato-br, " in told


def test_a_folder_in_which_another_run_writes_is_left_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        code, document = told(SAMPLES / "inter.csv", "inter", tmp_path, capsys)
    finally:
        os.close(descriptor)
    assert code == 2
    assert "Outra execução está escrevendo em" in document["error"]["message"]
    assert list(tmp_path.iterdir()) == []
    assert told(SAMPLES / "inter.csv", "inter", tmp_path, capsys)[0] == 0


def test_a_folder_that_cannot_be_one_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, document = told(SAMPLES / "inter.csv", "inter", tmp_path / "file" / "out", capsys)
    assert code == 2
    assert f"A pasta {tmp_path / 'file' / 'out'} não pode ser usada" in document["error"]["message"]


def test_a_result_that_cannot_be_written_is_the_environment_s_fault(tmp_path: Path) -> None:
    with DuckDBEngine(tmp_path) as engine, pytest.raises(OSError, match="No such file"):
        engine.write(Sql("select 1"), tmp_path / "gone" / "matches.parquet")
