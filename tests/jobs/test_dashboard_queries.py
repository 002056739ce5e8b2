"""Every query of the dashboard, on the Parquet that runs wrote: each data set's SQL, and what each visual asks of it.

Athena's SQL is Trino's; sqlglot says it in DuckDB's. A file counts once, whatever became of it: corrected, run again,
taken back.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.quicksight_prep.curation import CURATED_TABLES
from shared.layout import Stage, source_hash
from shared.manifest import ReconciliationFigures, ValidationFigures
from shared.taxonomy import ROW_CLASSES
from tests.dashboard_case import data_sets, query, visuals
from tests.jobs.prep_run import ROOT, Ingress, Run, stand_in

TODAY = date(2026, 2, 20)
SAMPLES = ROOT / "samples"
Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def ingress(monkeypatch: pytest.MonkeyPatch) -> Ingress:
    return stand_in(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def done() -> list[Run]:
    return []


@pytest.fixture
def runs(folder: Path, done: list[Run]) -> list[Run]:
    """Three files of two days; made once, by the first test that asks."""
    if not done:
        done += three_files(folder)
    return done


def three_files(folder: Path) -> list[Run]:
    (folder / "scratch").mkdir(exist_ok=True)
    default = (ROOT / "profiles" / "default.toml").read_text()
    own = folder / "profiles"
    own.mkdir()
    (own / "loja.toml").write_text(
        default.replace('name = "default"', 'name = "loja"') + PATIENT, encoding="utf-8"
    )
    return [
        reconciled(folder, 16, "divergente.csv"),
        reconciled(folder, 17, "conciliado.csv"),
        reconciled(folder, 17, "divergente.csv", name="outro.csv", profile="loja", profiles=own),
    ]


PATIENT = """
[materiality]
break = "100.00"

[grace]
A = 5
B = 5
"""
"""So that not every break is material, and some entries wait."""


def reconciled(folder: Path, day: int, sample: str, name: str = "", **other: Any) -> Run:
    key = f"2026-02-{day}/{name or sample}"
    job = f"JOB-202602{day}-default-{source_hash(sample, key)[:16]}"
    return Run(
        folder / "data",
        SAMPLES / sample,
        folder / "scratch",
        execution=job,
        job=job,
        key=key,
        **other,
    ).all()


def figures(run: Run) -> ReconciliationFigures:
    return run.manifest(Stage.RECONCILIATION).figures_of(ReconciliationFigures)


class Dashboard:
    """QuickSight's part: the data sets as SPICE would hold them, and what a visual gets of them."""

    def __init__(self, data: Path, today: date = TODAY) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("create schema reconciliation")
        for table in CURATED_TABLES:
            # Athena's partition column is text, its values are the folders' names.
            self._connection.execute(
                f"create view reconciliation.{table} as from read_parquet("
                f"'{data}/curated/{table}/day=*/*.parquet', "
                "hive_partitioning = true, hive_types = {'day': 'varchar'})"
            )
        for name, data_set in data_sets().items():
            chosen = ", ".join(f'{sql} as "{field}"' for sql, field in data_set.fields.items())
            sql = data_set.as_duckdb(today)
            self._connection.execute(f'create table "{name}" as select {chosen} from ({sql})')

    def rows(self, sql: str) -> Rows:
        found = self._connection.sql(sql)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def types(self, name: str) -> dict[str, str]:
        return {row["column_name"]: row["column_type"] for row in self.rows(f'describe "{name}"')}

    def shows(self, visual: str, currency: str = "BRL", today: date = TODAY) -> Rows:
        return self.rows(query(visuals()[visual], today, Moeda=currency))

    def value(self, visual: str, currency: str = "BRL") -> Any:
        ((value,),) = (row.values() for row in self.shows(visual, currency))
        return value


@pytest.fixture
def dashboard(runs: list[Run]) -> Dashboard:
    return Dashboard(runs[0].data)


def test_every_data_set_has_the_columns_and_types_that_quicksight_was_told_of(
    dashboard: Dashboard,
) -> None:
    kinds = {
        "VARCHAR": "STRING",
        "BIGINT": "INTEGER",
        "INTEGER": "INTEGER",
        "DATE": "DATETIME",
        "DECIMAL(38,4)": "DECIMAL",
    }
    for name, data_set in data_sets().items():
        assert dashboard.rows(f'select count(*) as n from "{name}"')[0]["n"] > 0
        assert {column: kinds[kind] for column, kind in dashboard.types(name).items()} == {
            field: data_set.columns[column] for column, field in data_set.fields.items()
        }


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2027, 3, 23), {16, 17}),  # 400 days after the 16th
        (date(2027, 3, 24), {17}),
        (date(2026, 1, 17), {16, 17}),  # 31 days before the 17th: a key may name a day to come
        (date(2026, 1, 16), {16}),
    ],
)
def test_days_outside_the_data_sets_window_are_left_out(
    runs: list[Run], today: date, days: set[int]
) -> None:
    then = Dashboard(runs[0].data, today)
    assert {row["Dia"].day for row in then.rows('from "Execuções"')} == days


def cents(amount: int) -> Decimal:
    return Decimal(amount) / 100


def test_the_key_figures_are_the_sums_of_the_manifests(
    runs: list[Run], dashboard: Dashboard
) -> None:
    all_of = [figures(run) for run in runs]
    assert dashboard.value("execucoes") == 3
    assert dashboard.value("divergencias") == sum(f.breaks for f in all_of)
    assert dashboard.value("materiais") == sum(f.material_breaks for f in all_of)
    assert dashboard.value("pendencias") == sum(f.pending for f in all_of) > 0
    assert 0 < dashboard.value("materiais") < dashboard.value("divergencias")
    for currency in ("BRL", "USD"):
        gross = sum(of.gross for f in all_of for of in f.currencies if of.currency == currency)
        assert gross
        assert dashboard.value("diferenca", currency) == cents(gross)


def test_the_share_that_matched_is_of_all_entries(runs: list[Run], dashboard: Dashboard) -> None:
    entries = sum(
        run.manifest(Stage.VALIDATION).figures_of(ValidationFigures).both.entries for run in runs
    )
    apart = sum(
        bool(row["Linhas A"]) + bool(row["Linhas B"])
        for row in dashboard.shows("lista-divergencias")
    )
    # In these files no break is of a lot, and no line is in two of them.
    assert dashboard.value("conciliado") == pytest.approx((entries - apart) / entries)


def test_results_are_counted_by_profile(runs: list[Run], dashboard: Dashboard) -> None:
    expected = Counter((run.profile, figures(run).verdict.label) for run in runs)
    shown = dashboard.shows("resultados")
    assert {(row["Perfil"], row["Resultado"]): row["Job"] for row in shown} == expected
    assert [row["Job"] for row in shown] == sorted(expected.values(), reverse=True)


def test_what_is_open_is_shown_on_its_files_day(runs: list[Run], dashboard: Dashboard) -> None:
    of_day = {
        16: [figures(runs[0])],
        17: [figures(runs[1]), figures(runs[2])],
    }
    assert [
        (row["Dia"].day, row["Divergências"], row["Pendências"])
        for row in dashboard.shows("abertos-dia")
    ] == [
        (day, sum(f.breaks for f in found), sum(f.pending for f in found))
        for day, found in of_day.items()
    ]


def test_classes_ages_and_amounts_add_up_to_the_manifests(
    runs: list[Run], dashboard: Dashboard
) -> None:
    all_of = [figures(run) for run in runs]
    by_class: Counter[str] = Counter()
    for found in all_of:
        for code, count in found.counts.items():
            if ROW_CLASSES[code].outcome != "ok":
                by_class[ROW_CLASSES[code].label] += count
    shown = dashboard.shows("classes")
    assert {row["Classe"]: row["Itens"] for row in shown} == by_class
    waiting = sum(row["Itens"] for row in shown if row["Tipo"] == "Pendência")
    assert waiting == sum(f.pending for f in all_of)
    assert sum(row["Itens"] for row in dashboard.shows("idades")) == sum(by_class.values())
    for currency in ("BRL", "USD"):
        told = sum(
            row["Diferença absoluta"]
            for row in dashboard.shows("diferenca-classe", currency)
            if row["Tipo"] == "Divergência"
        )
        assert told == dashboard.value("diferenca", currency)


def test_ages_stand_in_their_order(dashboard: Dashboard) -> None:
    shown = [(row["Faixa de idade"], row["Tipo"]) for row in dashboard.shows("idades")]
    assert len(shown) == len(set(shown)) > 2
    starts = [int(name.split()[0]) for name, _ in shown]
    assert starts == sorted(starts)


def test_passes_stand_in_the_profiles_order(runs: list[Run], dashboard: Dashboard) -> None:
    expected: Counter[str] = Counter()
    for run in runs:
        for done in figures(run).passes:
            expected[done.name] += done.matches
    assert [(row["Passe"], row["Conciliações"]) for row in dashboard.shows("passes")] == list(
        expected.items()
    )


def test_totals_are_of_one_currency_by_day(runs: list[Run], dashboard: Dashboard) -> None:
    for currency in ("BRL", "USD"):
        for row in dashboard.shows("totais-dia", currency):
            of_day = [
                of
                for run in runs
                if run.job[4:12] == f"{row['Dia']:%Y%m%d}"
                for of in figures(run).currencies
                if of.currency == currency
            ]
            assert row["Total A"] == cents(sum(of.total_a for of in of_day))
            assert row["Total B"] == cents(sum(of.total_b for of in of_day))


def test_the_lists_name_each_run_and_each_break_once(runs: list[Run], dashboard: Dashboard) -> None:
    listed = dashboard.shows("lista-execucoes")
    assert [row["Arquivo"] for row in listed[-1:]] == [runs[0].key]  # the oldest day last
    assert {(row["Job"], row["Arquivo"]): row["Divergências"] for row in listed} == {
        (run.job, run.key): figures(run).breaks for run in runs
    }
    of_csv = []
    for run in runs:
        text = run.output("divergencias").read_text("utf-8-sig")
        of_csv += [
            (run.key, row["Id da divergência"], row["Motivo"])
            for row in csv.DictReader(io.StringIO(text), delimiter=";")
        ]
    shown = dashboard.shows("lista-divergencias")
    assert sorted((r["Arquivo"], r["Id da divergência"], r["Motivo"]) for r in shown) == sorted(
        of_csv
    )
    order = [(row["Tipo"], row["Prioridade"], -row["Idade (dias)"]) for row in shown]
    assert order == sorted(order)
    assert [kind for kind, *_ in order].index("Pendência") > 0


TESTED = {
    "execucoes", "conciliado", "divergencias", "materiais", "pendencias", "diferenca", "resultados", "abertos-dia",
    "classes", "diferenca-classe", "idades", "passes", "totais-dia", "lista-execucoes", "lista-divergencias",
}  # fmt: skip


def test_no_visual_is_left_out_here() -> None:
    assert visuals().keys() == TESTED


def test_what_is_older_than_the_days_shown_is_not_counted(dashboard: Dashboard) -> None:
    later = date(2026, 3, 18)  # 29 days after the 17th, 30 after the 16th
    assert [row["Dia"].day for row in dashboard.shows("abertos-dia", today=later)] == [17]


# Counted once


def everything(data: Path) -> dict[str, Rows]:
    dashboard = Dashboard(data)
    return {visual: sorted(dashboard.shows(visual), key=repr) for visual in visuals()}


@pytest.fixture
def own(runs: list[Run], tmp_path: Path) -> Path:
    """The three files' results, to change."""
    (tmp_path / "scratch").mkdir()
    shutil.copytree(runs[0].data, tmp_path / "data")
    return tmp_path


def test_a_run_made_again_is_counted_once(own: Path) -> None:
    before = everything(own / "data")
    first = reconciled(own, 17, "divergente.csv", name="extrato.csv")
    with_it = everything(own / "data")
    assert with_it != before
    again = Run(
        first.data, first.source, first.scratch, f"{first.job}-R1", job=first.job, key=first.key
    )
    again.all()
    assert everything(own / "data") == with_it


def test_a_corrected_file_is_counted_in_place_of_its_predecessor(own: Path) -> None:
    before = everything(own / "data")
    reconciled(own, 17, "divergente.csv", name="extrato.csv")
    assert everything(own / "data") != before
    corrected = reconciled(own, 17, "conciliado.csv", name="extrato.csv", version="v2")
    shown = everything(own / "data")
    assert [row["Job"] for row in shown["lista-execucoes"] if row["Arquivo"] == corrected.key] == [
        corrected.job
    ]
    assert shown["lista-divergencias"] == before["lista-divergencias"]
    assert shown["execucoes"] == [{"Job": 4}]


def test_a_result_that_was_taken_back_is_counted_no_more(own: Path) -> None:
    before = everything(own / "data")
    wrong = reconciled(own, 17, "divergente.csv", name="outra-conta.csv")
    assert everything(own / "data") != before
    for table in CURATED_TABLES:  # which `recon retract` removes: tests/e2e/test_take_back.py
        wrong.curated(table).unlink()
    assert everything(own / "data") == before


def test_a_result_that_other_bytes_overtook_is_not_counted(own: Path, ingress: Ingress) -> None:
    before = everything(own / "data")
    ingress.newest, ingress.content = "v2", b"other bytes"
    reconciled(own, 17, "divergente.csv", name="extrato.csv")
    assert everything(own / "data") == before
