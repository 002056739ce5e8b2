"""What `recon validate --json` tells a machine, of a file that it accepts and of one that it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
