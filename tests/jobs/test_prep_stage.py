"""The third stage on what the two before really concluded, on a folder in the place of `s3://<data>`."""

from __future__ import annotations

import csv
import gzip
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.quicksight_prep import page_data, report
from jobs.quicksight_prep.curation import CURATED_TABLES, business_day
from jobs.quicksight_prep.divergences import write_divergences
from jobs.quicksight_prep.report import TOP
from jobs.quicksight_prep.tables import SCHEMAS, RunResult, open_result, write_tables
from shared import ptbr
from shared.layout import CURATED_CHANGED, Stage
from shared.manifest import QuickSightFigures, ReconciliationFigures, ValidationFigures
from tests.jobs.prep_run import JOB, KEY, ROOT, Ingress, Run, stand_in
from tests.jobs.reconciliation_case import Entry, profile_of, read_by
from tests.jobs.reconciliation_case import run as reconciled


@pytest.fixture(autouse=True)
def ingress(monkeypatch: pytest.MonkeyPatch) -> Ingress:
    return stand_in(monkeypatch)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "scratch").mkdir()
    return Run(tmp_path / "data", ROOT / "samples" / "divergente.csv", tmp_path / "scratch")


def test_every_break_is_in_the_csv_with_its_amounts_to_the_cent(run: Run) -> None:
    run.all()
    breaks = pq.read_table(
        Path(run.root("reconciliation"), run.manifest(Stage.RECONCILIATION).files["breaks"].path)
    )
    text = run.output("divergencias").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    assert (
        len(rows)
        == breaks.num_rows
        == run.manifest(Stage.RECONCILIATION).figures_of(ReconciliationFigures).breaks
    )
    cents = sum(int(row["Diferença"].replace(",", "")) for row in rows)
    assert cents == sum(breaks.column("delta").to_pylist())
    by_class = {row["Classe"]: row for row in rows}
    assert by_class["Divergência de valor"]["Diferença"] == "10,00"
    assert (
        by_class["Divergência de valor"]["Motivo"] == "Passe id-exato: o valor difere em R$ 10,00."
    )


def test_the_curated_tables_say_what_the_manifest_says(run: Run) -> None:
    run.all()
    figures = run.manifest(Stage.RECONCILIATION).figures_of(ReconciliationFigures)
    daily = pq.read_table(run.curated("qs_daily")).to_pylist()
    assert {row["moeda"]: row["diferenca_liquida"] for row in daily} == {
        of.currency: Decimal(of.net) / 100 for of in figures.currencies
    }
    assert pq.read_table(run.curated("qs_breaks")).num_rows == figures.breaks
    aging = pq.read_table(run.curated("qs_aging")).to_pylist()
    assert sum(row["itens"] for row in aging) == figures.breaks
    rows = pq.read_table(run.curated("qs_breaks")).to_pylist()
    for of in figures.currencies:
        told = sum(row["diferenca_absoluta"] for row in aging if row["moeda"] == of.currency)
        assert told == Decimal(of.gross) / 100
    other_currency = next(row for row in rows if row["classe_codigo"] == "currency_mismatch")
    assert (other_currency["moeda"], other_currency["moeda_b"]) == ("BRL", "USD")
    (whole,) = pq.read_table(run.curated("qs_runs")).to_pylist()
    read = run.manifest(Stage.VALIDATION).figures_of(ValidationFigures)
    assert (whole["linhas_lidas"], whole["linhas_rejeitadas"]) == (read.lines, read.rejected)
    assert (
        whole["lancamentos"] == read.entries == sum(c.rows_a + c.rows_b for c in figures.currencies)
    )
    counted = ("conciliacoes", "divergencias", "divergencias_materiais", "pendencias")
    assert [whole[name] for name in counted] == [
        figures.matches, figures.breaks, figures.material_breaks, figures.pending,
    ]  # fmt: skip
    passes = pq.read_table(run.curated("qs_passes")).to_pylist()
    assert {row["passe"]: row["conciliacoes"] for row in passes} == {
        p.name: p.matches for p in figures.passes
    }


def test_every_curated_row_says_of_which_run_profile_and_file_it_is(run: Run) -> None:
    run.all()
    for name in CURATED_TABLES:
        rows = pq.read_table(run.curated(name)).to_pylist()
        assert rows
        assert {(row["job_id"], row["perfil"], row["arquivo"]) for row in rows} == {
            (JOB, "default", KEY)
        }


def test_a_curated_break_says_in_words_what_the_csv_says(run: Run) -> None:
    run.all()
    text = run.output("divergencias").read_text("utf-8-sig")
    told = {
        row["Id da divergência"]: row for row in csv.DictReader(text.splitlines(), delimiter=";")
    }
    rows = pq.read_table(run.curated("qs_breaks")).to_pylist()
    assert len(rows) == len(told)
    for row in rows:
        line = told[row["id_divergencia"]]
        same = {"classe": "Classe", "motivo": "Motivo", "material": "Material", "linhas_a": "Linha A",
                "linhas_b": "Linha B", "conta": "Conta", "descricao": "Descrição"}  # fmt: skip
        assert {ours: row[ours] or "" for ours in same} == {
            ours: line[theirs] for ours, theirs in same.items()
        }
        assert row["diferenca"] == Decimal(line["Diferença"].replace(".", "").replace(",", "."))
        assert (row["tipo"], row["situacao"]) == ("Divergência", "Nova")
        assert (
            row["lado"]
            == {(True, True): "A e B", (True, False): "A", (False, True): "B"}[
                bool(row["linhas_a"]), bool(row["linhas_b"])
            ]
        )


def test_a_row_that_waits_is_pending_and_no_divergence(tmp_path: Path) -> None:
    rows = (Entry("A", 100, reference="r"), Entry("A", 7, reference="z", day=-9))
    profile = profile_of(rest="[grace]\nB = 2\n")
    done = reconciled(tmp_path, rows, profile)
    files = {name: file.path for name, file in done.result.files.items()}
    with open_result(tmp_path / "entries.parquet", files["breaks"]) as connection:
        produced = write_tables(
            connection, RunResult(JOB, "teste", KEY, read_by(rows), done.result.figures), tmp_path
        )
    for name in ("qs_breaks", "qs_aging"):
        kinds = {row["tipo"]: row for row in pq.read_table(produced[name].path).to_pylist()}
        assert kinds["Pendência"]["classe_codigo"] == "pending_in_transit"
        assert kinds["Divergência"]["classe_codigo"] == "missing_in_b"
    (whole,) = pq.read_table(produced["qs_runs"].path).to_pylist()
    assert (whole["divergencias"], whole["pendencias"]) == (1, 1)


def test_the_curated_tables_are_those_that_are_written() -> None:
    assert set(CURATED_TABLES) == set(SCHEMAS)


def test_a_lot_whose_sums_differ_is_one_divergence_with_its_sum(tmp_path: Path) -> None:
    lots = (
        Entry("A", 100, group_key="g", reference="r", day=-5),
        Entry("A", 250, group_key="g", reference="r"),
        Entry("B", 300, group_key="g", reference="x"),
        Entry("A", 7, reference="z"),
    )
    one_pass = '[[passes]]\nname = "lote"\nkind = "group"\ngroup_by = "group_key"\n'
    done = reconciled(tmp_path, lots, profile_of(one_pass))
    figures = done.result.figures
    assert figures.counts == {"missing_in_b": 1, "group_sum_mismatch": 1}
    files = {name: file.path for name, file in done.result.files.items()}
    with open_result(tmp_path / "entries.parquet", files["breaks"]) as connection:
        produced = write_tables(
            connection, RunResult(JOB, "teste", KEY, read_by(lots), figures), tmp_path
        )
        assert write_divergences(connection, tmp_path / "divergencias.csv") == figures.breaks
    text = (tmp_path / "divergencias.csv").read_text("utf-8-sig")
    lot = next(
        row
        for row in csv.DictReader(text.splitlines(), delimiter=";")
        if row["Classe"] == "Soma do lote divergente"
    )
    columns = ("Linha A", "Linha B", "Valor A", "Valor B", "Diferença", "Idade (dias)")
    assert [lot[c] for c in columns] == ["2 e 3", "4", "3,50", "3,00", "0,50", "5"]
    assert lot["Referência"] == ""  # its rows have several
    aging = pq.read_table(produced["qs_aging"].path).to_pylist()
    assert {
        (row["classe_codigo"], row["faixa_idade"]): (row["itens"], row["diferenca_absoluta"])
        for row in aging
    } == {
        ("group_sum_mismatch", "2 a 7"): (1, Decimal("0.5000")),
        ("missing_in_b", "0 a 1"): (1, Decimal("0.0700")),
    }
    listed = pq.read_table(produced["qs_breaks"].path).to_pylist()
    assert len(listed) == figures.breaks  # not a row for each of the lot's
    lot_row = next(row for row in listed if row["classe_codigo"] == "group_sum_mismatch")
    assert (lot_row["linhas_a"], lot_row["valor_a"]) == ("2 e 3", Decimal("3.5000"))
    assert sum(row["diferenca_absoluta"] for row in aging) * 100 == figures.currencies[0].gross


def test_a_run_of_another_version_of_the_key_replaces_the_curated_rows(
    run: Run, tmp_path: Path
) -> None:
    run.all()
    assert pq.read_table(run.curated("qs_breaks")).num_rows > 0
    corrected = Run(
        run.data, ROOT / "samples" / "conciliado.csv", run.scratch, f"{JOB}-R1", "v2"
    ).all()
    assert pq.read_table(corrected.curated("qs_breaks")).num_rows == 0
    assert len(list((run.data / "curated" / "qs_breaks").rglob("*.parquet"))) == 1


SAMPLE = (ROOT / "samples" / "divergente.csv").read_bytes()


@pytest.mark.parametrize(
    ("newest", "content", "published"),
    [
        ("v1", SAMPLE, True),
        (None, b"", True),  # deleted since
        ("v2", b"other bytes", False),
        ("v2", SAMPLE, True),  # the same bytes again are a duplicate, which has no run of its own
    ],
)
def test_a_run_that_other_bytes_overtook_leaves_the_curated_tables_alone(
    run: Run, ingress: Ingress, newest: str | None, content: bytes, published: bool
) -> None:
    ingress.newest, ingress.content = newest, content
    run.all()
    assert run.manifest().figures_of(QuickSightFigures).published is published
    assert (run.data / "curated").exists() is published
    assert (run.data / CURATED_CHANGED).exists() is published


def test_a_resumed_run_reuses_the_files_and_publishes_the_tables_again(run: Run) -> None:
    first = run.all()
    for table in CURATED_TABLES:
        first.curated(table).unlink()
    (run.data / CURATED_CHANGED).unlink()
    again = Run(run.data, run.source, run.scratch, f"{JOB}-R1")
    again.validate()
    assert again.reconcile() == 0
    assert again.prepare() == 0
    assert again.manifest().reused_from == JOB
    assert again.output("report").read_bytes() == first.output("report").read_bytes()
    assert all(again.curated(table).exists() for table in CURATED_TABLES)
    assert (run.data / CURATED_CHANGED).exists()


def test_a_missing_predecessor_is_said_in_words(run: Run) -> None:
    run.validate()
    assert run.prepare() == 1
    error = json.loads(Path(run.root("quicksight-prep"), "error.json").read_text())
    assert error["code"] == "STAGE_INPUT"
    assert "A etapa anterior não terminou" in error["message"]


def test_a_changed_file_of_a_predecessor_is_refused(run: Run) -> None:
    run.validate()
    run.reconcile()
    breaks = Path(
        run.root("reconciliation"), run.manifest(Stage.RECONCILIATION).files["breaks"].path
    )
    breaks.write_bytes(breaks.read_bytes() + b"\0")
    assert run.prepare() == 1
    error = json.loads(Path(run.root("quicksight-prep"), "error.json").read_text())
    assert "não é o que o manifesto da etapa descreve" in error["message"]


@pytest.mark.parametrize("later", ["same", "changed", "gone"])
def test_the_report_says_what_is_material_by_the_profile_of_the_result_only(
    run: Run, tmp_path: Path, later: str
) -> None:
    profile = tmp_path / "default.toml"
    text = (run.profiles / "default.toml").read_text("utf-8")
    profile.write_text(text, "utf-8")
    run = replace(run, profiles=tmp_path)
    run.validate()
    assert run.reconcile() == 0
    if later == "changed":
        profile.write_text(f"{text}\n[grace]\nA = 3\n", "utf-8")
    elif later == "gone":
        profile.unlink()
    assert run.prepare() == 0
    said = "O limite de materialidade do perfil é zero" in run.output("report").read_text("utf-8")
    assert said is (later == "same")


HOSTILE = "</script><script>alert(1)</script>"


def test_no_cell_of_the_file_becomes_markup_of_the_report(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "hostile.csv"
    source.write_text(
        "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"
        f'A,"{HOSTILE}",1,2026-02-16,1.00,BRL,"=1+1","{HOSTILE}",x\n'
        f'A,1,1,{HOSTILE},1.00,BRL,,"{HOSTILE}",x\n',
        encoding="utf-8",
    )
    Run(run.data, source, run.scratch).all()
    page = run.output("report").read_text("utf-8")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<script") == page.count("</script") == 2  # the data and the page's own
    assert "'=1+1" in run.output("divergencias").read_text("utf-8-sig")


def test_the_policy_of_the_page_names_its_own_script_and_style_and_nothing_else(run: Run) -> None:
    run.all()
    page = run.output("report").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    inline = {
        name: re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        for name, tag in (("script-src", "script"), ("style-src", "style"))
    }
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    for name, element in inline.items():
        assert element
        digest = b64encode(sha256(element[1].encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in policy[1]
    assert not re.search(r"\s(style|on\w+|src|href)=\"(?!#)", page)


def test_the_page_holds_each_item_and_says_where_the_rest_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_data, "SHOWN", 30)
    monkeypatch.setattr(report, "SHOWN", 30)
    source = tmp_path / "many.csv"
    header = "side,entry_id,account,posted_on,amount,currency,reference,description,kind\n"
    rows = (f"A,E{n},1,2026-02-16,{n}.00,BRL,,linha {n},x\n" for n in range(1, 41))
    source.write_text(header + "".join(rows), encoding="utf-8")
    Run(run.data, source, run.scratch).all()
    page = run.output("report").read_text("utf-8")
    assert "A página mostra as primeiras 30 de 40" in page
    told = data_of(page)
    texts = told["entries"]["description"]
    assert [texts["texts"][n] for n in texts["of"]] == [f"linha {n}" for n in range(11, 41)]
    assert told["items"]["delta"] == [n * 100 for n in range(40, 10, -1)]  # the largest first
    assert f"<bdi>linha {40 - TOP}</bdi>" not in page  # on paper the first twenty
    assert f"<bdi>linha {41 - TOP}</bdi>" in page


def test_the_report_says_the_verdict_and_the_figures_of_the_manifest(run: Run) -> None:
    run.all()
    page = run.output("report").read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert "toda explicada pela ponte: 11 itens divergem, R$ 1.953,90 e US$ 450,00 em" in page
    assert "all explained by the bridge: 11 items differ, R$ 1,953.90 and US$ 450.00" in page
    figures = run.manifest(Stage.RECONCILIATION).figures_of(ReconciliationFigures)
    assert figures.identities
    for identity in figures.identities:
        assert f">{identity.name}<" not in page
    for line in figures.bridge:
        assert ptbr.money(line.amount, line.currency) in page
    assert "Passe id-exato: a moeda é outra (BRL em A, USD em B)." in page
    net = page.index('data-line="net"')
    assert '<td class="n items"></td>' in page[net : net + 300]  # no number of items is its own


def data_of(page: str) -> Any:
    packed = re.search(r'id="data">([^<]+)<', page)
    assert packed
    return json.loads(gzip.decompress(b64decode(packed[1])))


@pytest.mark.parametrize(
    ("job_id", "key", "day"),
    [
        (JOB, "x.csv", date(2026, 2, 16)),
        ("TEST-001", "2026-02-17/test.csv", date(2026, 2, 17)),
        ("TEST-001", "test.csv", date(2026, 2, 18)),
        ("TEST-001", "a/b/c/d.csv", date(2026, 2, 18)),
    ],
)
def test_the_day_is_the_jobs_else_the_keys_else_the_results(
    job_id: str, key: str, day: date
) -> None:
    assert business_day(job_id, key, date(2026, 2, 18)) == day
