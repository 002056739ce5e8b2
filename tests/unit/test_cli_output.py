"""What reaches stdout and stderr."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recon.output import Output, printable
from recon.timeline import Timeline, Visit

START = datetime(2026, 2, 16, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


ENTERED = Timeline(
    "JOB", "RUNNING", START, 1200, visits=(Visit("ValidateCSV", at(0.2), attempts=1),)
)
LEFT = replace(
    ENTERED,
    visits=(Visit("ValidateCSV", at(0.2), at(61), attempts=2), Visit("CheckTimeout", at(61))),
    notes={"ValidateCSV": "3 registros lidos"},
)


def test_on_a_pipe_each_state_is_one_plain_line_when_entered_and_one_when_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Output().follow() as watch:
        for moment in (ENTERED, ENTERED, LEFT, LEFT):
            watch(moment)
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "0,2 s restam 20 min 0 s → ValidateCSV",
        "1 min 1 s restam 18 min 59 s ✓ ValidateCSV 1 min 1 s · 2 tentativas · 3 registros lidos",
        "1 min 1 s restam 18 min 59 s → CheckTimeout",
    ]


def test_a_failed_state_is_marked_and_names_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    visit = Visit("ValidateCSV", at(0), at(1), error="States.TaskFailed", attempts=1)
    Output().timeline(replace(ENTERED, visits=(visit,)))
    assert "✗ ValidateCSV 1,0 s · States.TaskFailed" in capsys.readouterr().out


def test_under_json_stdout_is_one_document_and_people_read_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Output(as_json=True)
    output.line("para pessoas")
    output.document({"verdict": "conciliado", "nome": "ação"})
    seen = capsys.readouterr()
    assert json.loads(seen.out) == {"verdict": "conciliado", "nome": "ação"}
    assert seen.out.count("\n") == 1
    assert seen.err == "para pessoas\n"


def test_what_others_wrote_is_never_read_as_markup_nor_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "[bold]" + "x" * 500
    Output().block(f"{long}\n\nfim")
    Output().table(("A", "B"), [(long, "1")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [f"  │ {long}", "  │", "  │ fim"]
    assert lines[3:] == ["A\tB", f"{long}\t1"]


def test_what_others_wrote_does_not_steer_the_terminal_nor_part_lines_or_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wild = "a\x1b[31m\x07\u202eb\u2028\tc\nd ç\u00a0R$"
    tame = r"a\x1b[31m\x07\u202eb\u2028\tc\nd ç" + "\u00a0R$"
    output = Output()
    output.line(wild)
    output.table(("X", "Y"), [(wild, wild)])
    output.error("x\x1b\ny\x07", "h\x1b\ni")
    output.block("a\x1bb\nc\td")
    seen = capsys.readouterr()
    assert seen.out.splitlines() == [
        *(tame, "X\tY", f"{tame}\t{tame}"),
        *(r"  │ a\x1bb", r"  │ c\td"),
    ]
    assert seen.err.splitlines() == [r"Erro: x\x1b", r"y\x07", r"h\x1b", "i"]
    assert printable("\udc80") == r"\udc80"


def test_on_a_narrow_terminal_what_one_copies_stays_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    job = "JOB-20260216-nubank-cartao-0123456789abcdef"
    head = ("EXECUÇÃO", "SITUAÇÃO", "INÍCIO", "DURAÇÃO", "VEREDITO", "ARQUIVO")
    row = (job, "SUCCEEDED", "16/02/2026 12:00:00", "12 s", "", "default/2026-02-16/fatura.csv")
    Output().table(head, [row])
    first, second = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    assert first == job
    assert second == f"    {' · '.join(cell for cell in row[1:] if cell)}"
    monkeypatch.setenv("COLUMNS", "200")
    Output().table(head, [row])
    _, line = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{job} ")
    assert row[-1] in line
