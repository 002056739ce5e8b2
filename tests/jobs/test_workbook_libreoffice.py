"""The workbook as LibreOffice opens it, which `make setup-office` brings where it may; else this is skipped."""

from __future__ import annotations

import csv
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from tests.jobs.prep_case import HOSTILE, Told, everything, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not on this machine"),
]
# Semicolons, quotes, UTF-8, all text quoted, formats as they are, all sheets.
FILTER = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,true,false,false,false,false,-1"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Path]:
    """Each sheet of the workbook as a CSV that LibreOffice wrote, under a profile of this test's own."""
    folder = tmp_path_factory.mktemp("office")
    entries, profile = everything()
    run = told(folder, entries, profile)
    home = folder / "profile"
    command = ["soffice", "--headless", "--norestore", f"-env:UserInstallation={home.as_uri()}"]
    subprocess.run(
        [*command, "--convert-to", FILTER, "--outdir", str(folder), str(run.workbook)],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return run, folder


def sheet(folder: Path, name: str) -> list[dict[str, str]]:
    text = (folder / f"conciliacao-{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def cents(shown: str) -> int:
    return int(Decimal(shown) * 100) if shown else 0


def test_every_difference_is_equal_to_the_cent(opened: tuple[Told, Path]) -> None:
    run, folder = opened
    rows = sheet(folder, "Divergências") + sheet(folder, "Pendências")
    assert len(rows) == len({row["break_id"] for row in run.breaks})
    assert sum(cents(row["Diferença"]) for row in rows) == sum(
        int(str(row["delta"])) for row in run.breaks
    )


def test_the_bridge_is_the_manifests(opened: tuple[Told, Path]) -> None:
    run, folder = opened
    shown = {(row["Moeda"], row["Rótulo"]): cents(row["Valor"]) for row in sheet(folder, "Ponte")}
    assert shown == {(line.currency, line.label): line.amount for line in run.figures.bridge}


def test_the_matches_that_the_engine_wrote_are_rows_like_any_other(
    opened: tuple[Told, Path],
) -> None:
    run, folder = opened
    (row,) = sheet(folder, "Conciliados")
    assert len(run.matches) == 1
    assert (row["Passe"], row["Classe"]) == ("id-exato", "Conciliado – exato")
    assert (row["Linha A"], row["Linha B"], cents(row["Valor A"])) == ("2", "3", 100_000)


def test_hostile_cells_are_the_text_that_they_were(opened: tuple[Told, Path]) -> None:
    _, folder = opened
    texts = {row["Descrição"] for row in sheet(folder, "Divergências")}
    assert set(HOSTILE) <= texts
