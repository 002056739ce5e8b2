"""What `recon validate` and `recon reconcile` say of lines that were rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.cli import main
from recon.stages import SHOWN

ROOT = Path(__file__).parents[2]
HEADER = "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"


@pytest.mark.parametrize("verb", ["validate", "reconcile"])
def test_each_rejected_line_is_told_with_its_reason(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([verb, str(ROOT / "samples" / "divergente.csv"), "--out", str(tmp_path)])
    told = capsys.readouterr().out
    assert 'linha 24, coluna "posted_on": "2026-02-30" não existe no calendário' in told
    assert "linha 26: o registro tem 8 campos, e o cabeçalho 9" in told
    assert "ao todo" not in told


def test_of_many_rejected_lines_the_first_are_told_and_how_many_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = "A,1,1,2026-02-16,1.00,BRL,,x,x\n"
    bad = "A,1,1,2026-02-30,1.00,BRL,,x,x\n" * (SHOWN + 1)
    (tmp_path / "many.csv").write_text(HEADER + good + bad, encoding="utf-8")
    main(["validate", str(tmp_path / "many.csv"), "--out", str(tmp_path)])
    told = capsys.readouterr().out
    assert told.count("não existe no calendário") == SHOWN
    assert f"… {SHOWN + 1} linhas ao todo" in told
