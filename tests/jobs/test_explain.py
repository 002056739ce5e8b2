"""`recon explain` on what the job really wrote: each kind of line a file can have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from recon.cli import main
from tests.jobs.test_prep_stage import Run
from tests.jobs.test_samples_validation import SAMPLES

FILE = SAMPLES / "divergente.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("divergente")
    assert main(["reconcile", str(FILE), "--out", str(out)]) == 1
    return out


def document(
    folder: Path, line: int, capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, Any], str]:
    capsys.readouterr()
    assert main(["explain", str(folder), str(line), "--json"]) == 0
    seen = capsys.readouterr()
    told: dict[str, Any] = json.loads(seen.out)
    return told, seen.err


def test_a_matched_line_names_its_pass_and_its_counterpart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, 3, capsys)
    assert (told["status"], told["class"], told["pass"]) == ("ok", "matched_exact", "id-exato")
    assert [other["line_no"] for other in told["counterparts"]] == [2]
    assert "Linha 3: Conciliado – exato" in said
    assert "Contraparte, linha 2: lado A · 16/02/2026 · R$ 1.500,00" in said


def test_a_mismatch_says_what_failed_in_each_pass_and_by_how_much(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_a, said = document(folder, 6, capsys)  # 980,00 against 970,00
    assert of_a["class"] == "amount_mismatch"
    assert [
        (miss["pass"], miss["line"], miss["failed"], miss["first_failed"])
        for miss in of_a["near_misses"]
    ] == [
        ("id-exato", 7, ["amount"], {"criterion": "amount", "by": 1000}),
        ("referencia", 7, ["amount"], {"criterion": "amount", "by": 995}),
    ]
    assert "o valor difere em R$ 10,00, e a tolerância é de R$ 0,05" in said
    of_b, _ = document(folder, 7, capsys)
    assert of_b["break_id"] == of_a["break_id"]
    assert [o["line_no"] for o in of_b["counterparts"]] == [6]
    assert of_b["nearest"]["entry"]["line_no"] == 6


def test_a_date_outside_the_window_says_how_many_days_outside(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, 8, capsys)  # B six days after A
    assert [miss["first_failed"] for miss in told["near_misses"]] == [
        {"criterion": "date", "by": 6},
        {"criterion": "date", "by": 4},
    ]
    assert "B vem 6 dias depois de A, e a janela vai de 0 a 2" in said


def test_a_missing_line_has_no_counterpart_and_says_that_nothing_is_near(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, 4, capsys)
    assert (told["class"], told["status"]) == ("missing_in_b", "break")
    assert (told["counterparts"], told["nearest"], told["near_misses"]) == ([], None, [])
    assert "Nenhum lançamento do outro lado com a mesma chave, nem com o mesmo valor." in said


@pytest.mark.parametrize(
    ("line", "row_class", "words"),
    [
        (15, "duplicate_a", "É igual em tudo à linha 14; esta sobra."),
        (20, "ambiguous", "Passe referencia: 2 candidatos servem igualmente: linhas 21 e 22."),
        (21, "ambiguous", "Passe referencia: o único candidato, na linha 20, serve também a outra"),
    ],
)
def test_a_row_without_a_choice_names_the_lines_that_stand_in_its_way(
    line: int, row_class: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, line, capsys)
    assert told["class"] == row_class
    assert words in said


def test_a_finding_is_told_beside_what_became_of_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SAMPLES / "inter.csv").read_text("utf-8")
    assert text.count(";2.500,00") == 1
    file = tmp_path / "inter.csv"
    file.write_text(text.replace(";2.500,00", ";2.499,00"), encoding="utf-8")
    out = tmp_path / "out"
    assert main(["reconcile", str(file), "--profile", "inter", "--out", str(out)]) == 1
    told, said = document(out, 8, capsys)
    assert told["class"] == "missing_in_a"
    (finding,) = told["findings"]
    assert (finding["class"], finding["delta"], finding["material"]) == ("balance_break", 100, True)
    assert (
        "Além disso: Quebra de saldo do extrato. O saldo é R$ 2.250,00 e deveria ser R$ 2.249,00"
        in said
    )
    assert document(out, 7, capsys)[0]["findings"] == []


def test_a_rejected_line_gives_the_reason_of_its_rejection(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, 24, capsys)
    assert told["status"] == "rejected"
    assert [reject["code"] for reject in told["rejects"]] == ["DATE_RANGE"]
    assert '"2026-02-30" não existe no calendário' in said


@pytest.mark.parametrize("line", [1, 23])
def test_a_header_or_an_empty_line_is_no_entry(
    line: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, said = document(folder, line, capsys)
    assert told == {"line": line, "status": "skipped", "class": None}
    assert "não é um lançamento" in said


def test_another_currency_is_told_with_both(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (10, 11):
        told, said = document(folder, line, capsys)
        assert told["class"] == "currency_mismatch"
        assert "BRL em A, USD em B" in told["reason"]
        assert told["reason"] in said


def test_the_same_value_under_another_key_is_told_with_the_keys_that_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(
        "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"
        "A,E1,1,2026-02-16,10.00,BRL,NF 1,um,venda\n"
        "B,,2,2026-02-16,10.00,BRL,nf  1,outro,pix\n"
        "A,E3,1,2026-02-16,77.00,BRL,NF 3,um,venda\n"
        "B,E4,2,2026-02-16,77.00,BRL,,outro,pix\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    assert main(["reconcile", str(file), "--out", str(out)]) == 1
    for line in (4, 5):  # of A and of B: A's value is the first of each two
        told, said = document(out, line, capsys)
        # Not the account nor the words, which no pass compares.
        assert told["nearest"]["differs"] == {
            "entry_id": ["E3", "E4"],
            "reference": ["NF 3", None],
        }
        assert "Chaves que diferem (A × B): Id E3 × E4; Referência NF 3 × vazia" in said


@pytest.mark.parametrize("line", ["0", "27", "999"])
def test_a_line_that_the_file_does_not_have_is_wrong_usage(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["explain", str(folder), line]) == 2
    assert f"A linha {line} não existe" in capsys.readouterr().err


def test_a_folder_without_a_result_or_of_an_older_version_is_wrong_usage(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(tmp_path), "2"]) == 2
    older = shutil.copytree(folder, tmp_path / "older")
    (older / "near.parquet").unlink()
    capsys.readouterr()
    assert main(["explain", str(older), "2"]) == 2
    assert "concilie o arquivo de novo" in capsys.readouterr().err


@pytest.mark.parametrize("table", ["entries", "breaks"])
def test_a_result_that_is_cut_off_or_lacks_columns_is_no_result(
    table: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    path = damaged / f"{table}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert main(["explain", str(damaged), "6"]) == 2
    assert f"{damaged}: não é um resultado legível" in capsys.readouterr().err
    path.write_bytes(whole)
    pq.write_table(pq.read_table(path).drop_columns(["currency"]), path)
    assert main(["explain", str(damaged), "6"]) == 2
    assert f"{damaged}: não é um resultado legível" in capsys.readouterr().err


def test_a_run_that_was_stopped_leaves_an_earlier_result_as_it_was_and_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(folder, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    stopped = ["reconcile", str(FILE), "--profile", narrow(tmp_path), "--out", str(out), "--json"]
    capsys.readouterr()
    assert main(stopped) == 1
    seen = capsys.readouterr()
    error = json.loads(seen.out)["error"]
    assert error["code"] == "TOO_MANY_PAIRS"
    assert error["details"]["passes"] == [{"name": "id-exato", "matches": 3}]
    assert error["details"]["preliminary"] == str(out / "preliminary.parquet")
    assert pq.read_table(out / "preliminary.parquet").num_rows == 3
    assert "O resultado anterior, de " in seen.err
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert after.pop("preliminary.parquet")
    assert after == before
    assert main(["explain", str(out), "2"]) == 0
    assert main(["reconcile", str(FILE), "--out", str(out)]) == 1
    assert not (out / "preliminary.parquet").exists()


def test_a_run_that_was_stopped_leaves_no_result_where_there_was_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        stopped = ["reconcile", str(FILE), "--profile", narrow(tmp_path), "--out", str(out)]
        assert main(stopped) == 1
        assert "resultado anterior" not in capsys.readouterr().out
    assert main(["explain", str(out), "2"]) == 2
    assert "falta" in capsys.readouterr().err


def narrow(folder: Path) -> str:
    """A profile whose second pass has too many pairs for it."""
    profile = folder / "estreito.toml"
    default = (SAMPLES.parent / "profiles" / "default.toml").read_text("utf-8")
    profile.write_text(f"{default}\n[limits]\nmax_pairs = 1\n", encoding="utf-8")
    return str(profile)


def test_the_folders_of_a_pipeline_run_are_explained_as_well(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scratch").mkdir()
    run = Run(tmp_path / "data", FILE, tmp_path / "scratch")
    run.validate()
    assert run.reconcile() == 0
    here, _ = document(folder, 6, capsys)
    there, _ = document(Path(run.root("reconciliation")).parent, 6, capsys)
    assert there == here


def test_a_line_of_the_reference_is_asked_for_and_told_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    upload, ledger = SAMPLES / "inter-razao.csv", SAMPLES / "reference" / "inter-razao.csv"
    given = ["--profile", "inter-razao", "--reference", str(ledger)]
    assert main(["reconcile", str(upload), *given, "--out", str(out)]) == 1

    def told(line: int) -> tuple[int, str, str]:
        capsys.readouterr()
        exit_code = main(["explain", str(out), str(line), "--reference"])
        seen = capsys.readouterr()
        return exit_code, seen.out, seen.err

    assert "Linha 1 da referência: não é um lançamento" in told(1)[1]
    matched = told(3)[1]
    assert "Linha 3 da referência: Conciliado com diferença de data" in matched
    assert "Contraparte, linha " in matched and "Contraparte, linha 3 da" not in matched
    assert "Linha 7 da referência: rejeitada" in told(7)[1]
    exit_code, _, error = told(99)
    assert exit_code == 2
    assert "A linha 99 não existe na referência" in error
