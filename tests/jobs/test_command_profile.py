"""`recon profile new` and `recon profile check`, as they are typed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.profile import parse_profile
from recon import output
from recon.cli import main
from recon.profile.check import means
from tests.jobs.test_samples_validation import SAMPLES

PROFILES = SAMPLES.parent / "profiles"
FILE = SAMPLES / "inter.csv"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the person answers; none: nobody is there."""
    given: list[str] = []
    asked: list[str] = []

    def ask(self: output.Output, question: str) -> bool:
        asked.append(question)
        return bool(given) and given.pop(0) == "s"

    monkeypatch.setattr(output.Output, "ask", ask)
    yield given
    assert asked


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_proposal_is_shown_with_its_first_rows_and_written_when_the_person_says_so(
    answer: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.append("s")
    out = tmp_path / "banco.toml"
    assert main(["profile", "new", str(FILE), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert '  │ delimiter = ";"' in said
    assert "7\tB\t02/03/2026\tR$ 1.500,00\t\tE00416968202603021430abcDEF12345" in said
    assert 'linha 11, coluna "Valor": "1500.00" não é um valor' in said
    assert "Confira:" in said
    assert f"recon reconcile {FILE} --profile {out}" in said
    assert parse_profile(out.read_bytes(), "x").name == "inter"

    assert main(["validate", str(FILE), "--profile", str(out), "--out", str(tmp_path / "v")]) == 0


def test_with_a_ledger_the_proposal_reconciles_as_the_ready_profile_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement, ledger = SAMPLES / "inter-razao.csv", SAMPLES / "reference" / "inter-razao.csv"
    against = ["--reference", str(ledger)]
    out = tmp_path / "banco.toml"
    given = ["profile", "new", str(statement), *against, "--out", str(out), "--yes"]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "Como o perfil lê o começo do razão (6 registros): 5 lançamentos, 1 rejeitado" in said
    assert "Como o perfil lê o começo do extrato (7 registros): 5 lançamentos, 1 rej" in said
    assert f"recon reconcile {statement} --profile {out} --reference {ledger}" in said
    assert main([*given, "--force", "--json"]) == 0
    told = document(capsys)
    assert (told["read"]["entries"], told["read_of_reference"]["entries"]) == (5, 5)

    assert main(["profile", "check", str(out), str(ledger), "--reference"]) == 0
    assert "Dois arquivos: o lado A é a referência" in capsys.readouterr().out
    counts = []
    for profile in (str(out), "inter-razao"):
        folder = str(tmp_path / Path(profile).stem)
        run = ["reconcile", str(statement), "--profile", profile, *against, "--out", folder]
        assert main([*run, "--json"]) == 1
        counts.append(document(capsys)["counts"])
    assert counts[0] == counts[1]
    assert counts[0]["matched_exact"] == 1


def test_without_a_yes_nothing_is_written(
    answer: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer += ["n"]
    out = tmp_path / "banco.toml"
    assert main(["profile", "new", str(FILE), "--out", str(out)]) == 0
    told = f"Nada foi gravado, porque aqui não há terminal para perguntar; --yes grava em {out}"
    assert told in capsys.readouterr().out
    assert not out.exists()


@pytest.mark.parametrize(("answered", "written"), [("s\n", True), ("sim\n", True), ("\n", False)])
def test_on_a_terminal_it_is_asked_and_only_a_yes_is_one(
    answered: str, written: bool, tmp_path: Path
) -> None:
    out = tmp_path / "banco.toml"
    terminal, end = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "recon", "profile", "new", str(FILE), "--out", str(out)],
            cwd=SAMPLES.parent,
            stdin=end,
            stdout=end,
            stderr=end,
        )
        os.write(terminal, answered.encode())  # typed ahead: it waits for the question
        shown = read_until_asked(terminal)
        assert process.wait(60) == 0
    finally:
        os.close(terminal)
        os.close(end)
    assert f"Gravar em {out}? [s/N]" in " ".join(shown.split())
    assert out.exists() is written


def read_until_asked(terminal: int) -> str:
    """A terminal that nobody reads fills up, and who writes to it waits."""
    shown = b""
    while b"[s/N]" not in shown:
        shown += os.read(terminal, 4096)
    return shown.decode()


def test_where_nobody_is_there_to_answer_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "banco.toml"
    assert main(["profile", "new", str(FILE), "--out", str(out), "--json"]) == 0
    told = document(capsys)
    assert told["written"] is None
    assert not out.exists()
    assert parse_profile(told["text"].encode(), "x").csv.delimiter == ";"
    assert (told["read"]["entries"], told["read"]["rejected"]) == (4, 1)
    assert told["read"]["first"][0]["posted_on"] == "2026-03-02"


def test_a_profile_that_is_there_is_replaced_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "banco.toml"
    out.write_text("# do analista\n")
    given = ["profile", "new", str(FILE), "--name", "banco", "--out", str(out), "--yes"]
    assert main(given) == 2
    assert "já existe" in capsys.readouterr().err
    assert out.read_text() == "# do analista\n"
    assert main([*given, "--force", "--json"]) == 0
    assert document(capsys)["written"] == str(out)
    assert parse_profile(out.read_bytes(), "x").name == "banco"


def test_a_ready_profile_of_the_same_name_is_not_replaced_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (PROFILES / "inter.toml").read_bytes()
    assert main(["profile", "new", str(FILE), "--yes"]) == 2
    assert "inter.toml já existe" in capsys.readouterr().err
    assert (PROFILES / "inter.toml").read_bytes() == before


@pytest.mark.parametrize("name", ["Banco", "a" * 25, "../x", ""])
def test_a_name_that_no_profile_may_have_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Extrato São João.csv").write_text("data;valor\n16/02/2026;1,00\n")
    file = str(tmp_path / "Extrato São João.csv")
    out = tmp_path / "x.toml"
    if name:
        assert main(["profile", "new", file, "--name", name, "--out", str(out)]) == 2
        assert "até 24 caracteres" in capsys.readouterr().err
    else:  # made of the file's
        assert main(["profile", "new", file, "--out", str(out), "--yes"]) == 0
        assert parse_profile(out.read_bytes(), "x").name == "extrato-sao-joao"


# check


def test_a_profile_is_told_in_sentences_and_read_with_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "check", "extrato-br", str(SAMPLES / "extrato-br.csv")]) == 0
    said = capsys.readouterr().out
    assert "O perfil extrato-br está certo." in said
    assert 'CSV em cp1252, delimitado por ";", valores como 1.234,56' in said
    assert 'O lado vem da coluna "Origem": RAZAO é A, BANCO é B.' in said
    assert "o valor a até 0,05 de diferença, B de 0 a 3 dias depois de A" in said
    assert "10 lançamentos, 1 rejeitado, 2 pulados" in said
    assert "7\tA\t03/02/2026\tR$ 1.500,00\tNF 2001" in said


def test_a_profile_of_two_files_reads_each_as_its_own_side(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["profile", "check", "inter-razao"]
    assert main([*given, str(SAMPLES / "inter-razao.csv"), "--json"]) == 0
    assert {row["side"] for row in document(capsys)["read"]["first"]} == {"B"}
    ledger = str(SAMPLES / "reference" / "inter-razao.csv")
    assert main([*given, ledger, "--reference", "--json"]) == 0
    assert {row["side"] for row in document(capsys)["read"]["first"]} == {"A"}
    assert main(["profile", "check", "inter", ledger, "--reference"]) == 2
    assert main([*given, "--reference"]) == 2


def test_a_file_of_another_kind_is_refused_as_a_run_would(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "check", "default", str(SAMPLES / "quebrado.csv")]) == 1
    assert "(WRONG_DELIMITER)" in capsys.readouterr().err


def test_a_wrong_profile_is_told_by_key_and_what_would_be_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "x.toml"
    text = (PROFILES / "default.toml").read_text().replace('delimiter = ","', 'delimiter = ",,"')
    wrong.write_text(text)
    assert main(["profile", "check", str(wrong)]) == 2
    assert "csv.delimiter = ',,': use um caractere ASCII" in capsys.readouterr().err


def test_every_rule_of_a_profile_has_its_sentence() -> None:
    text = """
schema = 1
name = "tudo"
layout = "single_file"
[csv]
encoding = "utf-8"
encoding_fallback = "cp1252"
delimiter = "\\t"
skip_rows_where = { kind = "^x" }
[columns]
side = "A"
posted_on = "d"
amount = { column = "v", sign = "inverse" }
entry_id = "i"
kind = { constant = "venda" }
gross = { column = "g", optional = true }
fee = "f"
net = "n"
group_key = "l"
description = "t"
balance = "s"
[extract]
reference = "NF [0-9]+"
[validate]
max_reject_ratio = 0.025
on_balance_break = "halt"
[[passes]]
name = "a"
on = ["entry_id", "currency"]
amount = { abs = "0.05", bps = 10 }
days = [-1, 2]
calendar = "br-bank"
unique = true
[[passes]]
name = "b"
kind = "group"
group_by = "group_key"
compare = "net"
[[passes]]
name = "c"
on = ["amount"]
mode = "suggest"
[materiality]
break = "1.00"
run_net = "100"
run_gross = "1000"
[grace]
B = 1
calendar = "br-bank"
[fees]
rates = { venda = 199 }
[reversals]
kinds = ["estorno"]
on = ["entry_id"]
[expect]
by = "09:00"
"""
    assert list(means(parse_profile(text.encode(), "x"))) == [
        "CSV em utf-8 (linhas que não o são: cp1252), delimitado por tabulação, valores como 1234.56, "
        "datas como %Y-%m-%d.",
        "Pula-se a linha em que tipo (kind) casa com ^x.",
        "O arquivo todo é o lado A.",
        'data (posted_on): "d".',
        'valor (amount): "v", com o sinal trocado.',
        'id (entry_id): "i".',
        'descrição (description): "t".',
        'lote (group_key): "l".',
        'bruto (gross): "g", se houver.',
        'taxa (fee): "f".',
        'líquido (net): "n".',
        'saldo (balance): "s".',
        'tipo (kind): sempre "venda".',
        "referência (reference), onde está vazia: o que NF [0-9]+ acha em description.",
        "Com mais de 2,5% de linhas rejeitadas, o arquivo é recusado.",
        "Passe 1, a: pares com id e moeda iguais, o valor a até 0,05 ou 0,1% de diferença, B de -1 a 2 dias úteis "
        "bancários depois de A, só se nenhum dos dois tem outro candidato.",
        "Passe 2, b: as linhas de mesmo lote e moeda, lado a lado, com a soma do líquido igual.",
        "Passe 3, c: pares com valor e moeda iguais, no mesmo dia; só sugere, não concilia.",
        "B pode chegar até 1 dia útil bancário depois: até lá, o que falta é pendência.",
        "Uma divergência é material a partir de 1.",
        "Uma execução é divergente se a diferença líquida alcança 100.",
        "Uma execução é divergente se a diferença bruta alcança 1000.",
        "A taxa cobrada é conferida, por tipo: 1 taxa.",
        'São estornos: "estorno".',
        "Um saldo que não fecha deixa a execução sem conclusão.",
        "Espera-se um arquivo todo dia útil bancário até as 09:00; se não vem, avisa-se.",
    ]


@pytest.mark.parametrize(
    ("materiality", "told"),
    [
        ("", ["Toda divergência é material."]),
        ('break = "0.00"', ["Toda divergência é material."]),
        (
            'run_net = "0"',
            [
                "Toda divergência é material.",
                "Uma execução é divergente se a diferença líquida alcança 0: sempre que há divergência.",
            ],
        ),
        (
            'break = "1"\nrun_gross = "5"',
            [
                "Uma divergência é material a partir de 1.",
                "Uma execução é divergente se a diferença bruta alcança 5.",
            ],
        ),
    ],
    ids=["none", "zero", "run zero", "both"],
)
def test_a_materiality_of_zero_is_said_to_make_everything_material(
    materiality: str, told: list[str]
) -> None:
    default = (PROFILES / "default.toml").read_text("utf-8")
    profile = parse_profile(f"{default}\n[materiality]\n{materiality}\n".encode(), "default")
    assert [line for line in means(profile) if "material" in line or "Uma execução" in line] == told
