"""What people open says what the result says: the page, the workbook and the CSV beside the Parquet."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from jobs.quicksight_prep import page_data, workbook
from jobs.quicksight_prep.workbook import SheetError
from jobs.validation.judgement import Reject
from shared.lines import REFERENCE_BASE
from tests.jobs.prep_case import HOSTILE, Told, everything, told
from tests.jobs.reconciliation_case import DEFAULT_PASSES, Entry, profile_of
from tests.jobs.test_prep_stage import data_of

REJECTS = (
    Reject("A", 24, "valor", "1.234.56", "AMOUNT_FORMAT", 'linha 24, coluna "valor": …'),
    Reject("B", REFERENCE_BASE + 7, None, "=1+1", "FIELD_COUNT", "linha 7 da referência: …"),
)
ALL_MATERIAL = "O limite de materialidade do perfil é zero: toda divergência é material."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Told:
    entries, profile = everything()
    return told(tmp_path_factory.mktemp("told"), entries, profile, REJECTS)


@pytest.fixture(scope="module")
def book(run: Told) -> Any:
    return openpyxl.load_workbook(run.workbook)


def rows_of(book: Any, sheet: str) -> list[dict[str, Any]]:
    header, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def read(page: Path) -> str:
    """With ordinary blanks."""
    return page.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")


def cents(value: float | None) -> int:
    return 0 if value is None else round(Decimal(str(value)) * 100)


def test_the_workbook_has_its_six_sheets_each_with_a_frozen_filtered_header(book: Any) -> None:
    names = ["Resumo", "Divergências", "Pendências", "Conciliados", "Rejeitados", "Ponte"]
    assert book.sheetnames == names
    for name in names[1:]:
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref.startswith("A1:")


def test_the_sheets_hold_every_item_with_the_amounts_of_the_parquet(book: Any, run: Told) -> None:
    items = rows_of(book, "Divergências") + rows_of(book, "Pendências")
    assert len(items) == len({row["break_id"] for row in run.breaks})
    assert len(rows_of(book, "Pendências")) == run.figures.pending == 1
    assert sum(cents(row["Diferença"]) for row in items) == sum(row["delta"] for row in run.breaks)
    matched = rows_of(book, "Conciliados")
    assert len(matched) == len(run.matches) == 1
    assert (matched[0]["Valor A"], matched[0]["Classe"]) == (1000, "Conciliado – exato")
    bridge = {(row["Moeda"], row["Rótulo"]): row for row in rows_of(book, "Ponte")}
    for line in run.figures.bridge:
        assert cents(bridge[line.currency, line.label]["Valor"]) == line.amount
    assert bridge["BRL", "Diferença líquida (A − B)"]["Itens"] is None


def test_the_records_of_the_file_add_up_to_its_lines(book: Any) -> None:
    said = [row[:2] for row in book["Resumo"].iter_rows(values_only=True)]
    names, counts = zip(*said[[name for name, _ in said].index("Registros") :][:4], strict=True)
    assert names == ("Registros", "Cabeçalho e ignorados", "Lançamentos", "Rejeitados")
    assert counts[0] == sum(counts[1:])
    assert all(counts)


def test_money_and_dates_are_numbers_in_brazilian_formats(book: Any) -> None:
    sheet = book["Divergências"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    pair = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "Divergência de valor")
    day, amount = pair[columns["Data A"] - 1], pair[columns["Diferença"] - 1]
    assert (day.value, day.number_format) == (datetime(2026, 1, 27), "dd/mm/yyyy")  # noqa: DTZ001 - cells have no zone
    assert amount.value == 10
    assert amount.number_format == "[$R$-416] #,##0.00;[Red]-[$R$-416] #,##0.00"


def test_a_lot_is_one_row_that_names_its_lines(book: Any) -> None:
    (lot,) = (
        row for row in rows_of(book, "Divergências") if row["Classe"] == "Soma do lote divergente"
    )
    assert (lot["Valor A"], lot["Valor B"], lot["Diferença"]) == (345.9, 345, 0.9)
    assert lot["Linha A"] == "16 e 17"


def test_a_cell_that_looks_like_a_formula_is_text_also_after_an_edit(book: Any) -> None:
    cells = [cell for row in book["Divergências"].iter_rows() for cell in row]
    (formula,) = (cell for cell in cells if str(cell.value).startswith("=cmd"))
    assert formula.data_type == "s"
    assert formula.quotePrefix
    assert not any(cell.data_type == "f" for cell in cells)
    texts = {cell.value for cell in cells}
    assert set(HOSTILE) <= texts


def test_rejects_say_file_line_and_column(book: Any, run: Told) -> None:
    first, second = rows_of(book, "Rejeitados")
    assert (first["Arquivo"], first["Linha"], first["Coluna"]) == ("envio", 24, "valor")
    assert (second["Arquivo"], second["Linha"], second["Valor lido"]) == ("referência", 7, "=1+1")
    page = run.page.read_text("utf-8")
    assert "<bdi>1.234.56</bdi>" in page
    assert str(REFERENCE_BASE) not in page


def test_more_rows_than_a_sheet_takes_go_on_in_another_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 4)
    entries = [Entry("A", 100 * n, f"e{n}") for n in range(1, 11)]
    book = openpyxl.load_workbook(told(tmp_path, entries).workbook)
    parts = [f"Divergências {n} de 3" for n in (1, 2, 3)]
    assert book.sheetnames[1:4] == parts
    assert [len(rows_of(book, part)) for part in parts] == [4, 4, 2]
    ids = [row["Id do lançamento"] for part in parts for row in rows_of(book, part)]
    assert sorted(ids) == sorted(f"e{n}" for n in range(1, 11))
    said = dict(row[:2] for row in book["Resumo"].iter_rows(values_only=True))
    assert said["Divergências"] == "10 linhas, em 3 planilhas"


def test_a_match_is_written_as_any_other_row_whatever_its_cells_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 3)
    odd = ["=1+1", "<b>&amp;</b>", " a\x07b ", "x" * 40_000, None]
    entries = [
        Entry(
            side,
            amount * 10**12 if n == 4 else amount,
            f"e{n}",
            f"r{n}",
            day=2 * (side == "B"),
            currency="JPY" if n == 3 else "BRL",
            description=text,
            line_no=2 * n + 2 + (side == "B") + REFERENCE_BASE * (side == "A" and n == 2),
        )
        for n, text in enumerate(odd)
        for side, amount in (("A", 12_345), ("B", 12_345))
    ]
    book = openpyxl.load_workbook(told(tmp_path, entries).workbook)
    assert book.sheetnames[3:5] == ["Conciliados 1 de 2", "Conciliados 2 de 2"]
    rows = [row for name in book.sheetnames[3:5] for row in rows_of(book, name)]
    by_id = {row["Id do lançamento"]: row for row in rows}
    assert len(rows) == len(by_id) == 5
    first = by_id["e0"]
    assert list(first.values())[:5] == [
        *("referencia", "Conciliado com diferença de data", 2, 3, datetime(2026, 2, 16)),  # noqa: DTZ001 - cells have no zone
    ]
    assert (first["Valor A"], first["Diferença"], first["Dias entre A e B"]) == (123.45, 0, 2)
    assert [by_id[f"e{n}"]["Descrição"] for n in (0, 1, 2)] == ["=1+1", odd[1], " a\ufffdb "]
    assert by_id["e3"]["Descrição"].endswith("… (texto cortado: 40000 caracteres ao todo)")
    assert (by_id["e3"]["Valor A"], by_id["e3"]["Moeda"]) == (12_345, "JPY")
    assert by_id["e2"]["Linha A"] == "6 da referência"
    assert by_id["e4"]["Valor A"].startswith("123450000000000.00")  # text: more than a number holds
    sheet = book["Conciliados 1 de 2"]
    formula = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1")
    assert (formula.data_type, formula.quotePrefix) == ("s", True)
    assert sheet["G2"].number_format == "[$R$-416] #,##0.00;[Red]-[$R$-416] #,##0.00"
    assert sheet["E2"].number_format == "dd/mm/yyyy"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:P4")


def test_matches_over_the_limit_are_left_to_the_parquet_and_the_workbook_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(workbook.LIMITS, "Conciliados", 2)
    entries = [Entry(side, 100, f"e{n}") for n in range(3) for side in "AB"]
    book = openpyxl.load_workbook(told(tmp_path, entries).workbook)
    assert "Todas estão em matches.parquet" in book["Conciliados"]["A1"].value
    said = dict(row[:2] for row in book["Resumo"].iter_rows(values_only=True))
    assert said["Conciliados"].startswith("3 linhas: mais do que as 2 ")


def test_a_text_longer_than_a_cell_is_cut_aloud(tmp_path: Path) -> None:
    entries = [Entry("A", 100, "e", description="x" * 40_000)]
    book = openpyxl.load_workbook(told(tmp_path, entries).workbook)
    (row,) = rows_of(book, "Divergências")
    assert len(row["Descrição"]) == 32_767
    assert row["Descrição"].endswith("… (texto cortado: 40.000 caracteres ao todo)")


def test_an_amount_that_a_double_cannot_hold_is_text_in_the_workbook_and_exact_on_the_page(
    tmp_path: Path,
) -> None:
    run = told(tmp_path, [Entry("A", 9_223_372_036_854_775_807, "e")])
    (row,) = rows_of(openpyxl.load_workbook(run.workbook), "Divergências")
    assert row["Valor A"] == "R$ 92.233.720.368.547.758,07"
    assert data_of(run.page.read_text("utf-8"))["items"]["amount_a"] == ["9223372036854775807"]


def test_a_cell_that_the_library_refuses_is_an_error_and_not_a_gap(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        cells, sheet = workbook.Cells(book), book.add_worksheet()
        with pytest.raises(SheetError):
            cells.put(sheet, workbook.SHEET_ROWS + 1, 0, "past the last row")


def test_the_same_result_is_the_same_workbook(tmp_path: Path) -> None:
    entries, profile = everything()
    one, other = (told(tmp_path / name, entries, profile) for name in ("one", "other"))
    assert one.workbook.read_bytes() == other.workbook.read_bytes()
    assert one.page.read_bytes() == other.page.read_bytes()


def test_findings_are_shown_with_the_row_that_they_are_about(tmp_path: Path) -> None:
    lot = '[[passes]]\nname = "lote"\nkind = "group"\ngroup_by = "group_key"\n'
    fees = '[fees]\nby = "kind"\nrates = { credito = 199 }\n'
    entries = [
        Entry("A", 40_000, "v", kind="credito", gross=40_000, fee=893, net=39_107, group_key="g"),
        Entry("B", 40_000, group_key="g", balance=40_000, description="Crédito do lote"),
        Entry("B", 5_000, "x", balance=50_000, description="Depósito"),
    ]
    run = told(tmp_path, entries, profile_of(lot, fees))
    items = rows_of(openpyxl.load_workbook(run.workbook), "Divergências")
    told_by_class = {row["Classe"]: row for row in items}
    fee = told_by_class["Divergência de taxa (MDR/tarifa)"]
    assert (fee["Linha A"], fee["Linha B"], fee["Diferença"]) == (2, None, 0.97)
    assert fee["Motivo"].startswith("Passe lote: a taxa cobrada é R$ 8,93 sobre R$ 400,00")
    balance = told_by_class["Quebra de saldo do extrato"]
    assert (balance["Linha B"], balance["Diferença"], balance["Descrição"]) == (4, 50, "Depósito")
    assert balance["Motivo"].startswith("O saldo é R$ 500,00 e deveria ser R$ 450,00")
    page = read(run.page)
    told_by_page = data_of(page)["items"]
    assert len(told_by_page["finding"]) == 2
    assert "cobradas R$ 8,93, contratadas R$ 7,96, diferença R$ 0,97" in page
    findings = set(told_by_page["finding"])
    of_lines = [n for place, n in enumerate(told_by_page["delta"]) if place not in findings]
    assert sum(of_lines) == run.figures.currencies[0].net


def test_a_large_lot_is_one_item_of_which_the_page_lists_the_first_rows_of_each_side(
    tmp_path: Path,
) -> None:
    lot = '[[passes]]\nname = "lote"\nkind = "group"\ngroup_by = "group_key"\n'
    entries = [Entry("A", 100, f"s{n}", group_key="g") for n in range(150)]
    run = told(tmp_path, [*entries, Entry("B", 14_000, group_key="g")], profile_of(lot))
    data = data_of(run.page.read_text("utf-8"))
    assert data["items"]["lots"]["0"]["in_all"] == 151
    lines = [data["entries"]["line"][place] for place in data["items"]["lots"]["0"]["rows"]]
    assert lines == [*range(2, 102), 152]
    assert data["items"]["delta"] == [1_000]


def test_a_duplicate_is_beside_the_row_that_it_repeats(tmp_path: Path) -> None:
    entries = [Entry("A", 500, "x"), Entry("A", 500, "x"), Entry("B", 500, "x")]
    run = told(tmp_path, entries)
    data = data_of(run.page.read_text("utf-8"))
    (own,), (near,) = data["items"]["a"], data["items"]["near"]
    assert sorted(data["entries"]["line"][place] for place in (own, near)) == [2, 3]
    (row,) = rows_of(openpyxl.load_workbook(run.workbook), "Divergências")
    assert row["Motivo"] == "É igual em tudo à linha 2; esta sobra."


def test_the_nearest_candidate_of_a_missing_counterpart_is_on_the_page(tmp_path: Path) -> None:
    passes = '[[passes]]\nname = "id"\non = ["entry_id", "currency"]\n'
    entries = [Entry("A", 500, "x1", day=0), Entry("B", 500, "y1", day=3)]
    items = data_of(told(tmp_path, entries, profile_of(passes)).page.read_text("utf-8"))["items"]
    assert [items["a"], items["b"], items["near"]] == [[0, -1], [-1, 1], [1, 0]]
    assert items["why"][0] == ["why.other_key", ["apart.after", 3]]


def test_a_line_of_the_reference_is_told_as_such(tmp_path: Path) -> None:
    entries = [
        Entry("A", 500, "x1", line_no=REFERENCE_BASE + 12),
        Entry("B", 700, "y1", line_no=3),
    ]
    run = told(tmp_path, entries)
    rows = rows_of(openpyxl.load_workbook(run.workbook), "Divergências")
    assert {row["Linha A"] for row in rows} == {None, "12 da referência"}
    assert {row["Linha B"] for row in rows} == {None, 3}
    table = data_of(run.page.read_text("utf-8"))["entries"]
    assert sorted(zip(table["line"], table["of_reference"], strict=True)) == [(3, 0), (12, 1)]


def test_every_phrase_is_there_in_both_languages_with_the_same_places() -> None:
    known = data_of_phrases()
    for key, (pt, en) in known.items():
        assert set(re.findall(r"{\d}", pt)) == set(re.findall(r"{\d}", en)), key
        assert ("¦" in pt) == ("¦" in en), key
    source = Path(page_data.__file__).parent
    for name in ("report.html.j2", "report.js", "report.py", "explanation.py", "phrases.py"):
        used = re.findall(
            r"""(?:\bt\(|Said\(|say\(\[)\s*["']([a-z_.]+[a-z_])["'][,)\]]""",
            (source / name).read_text("utf-8"),
        )
        assert set(used) <= set(known), name


def data_of_phrases() -> dict[str, tuple[str, str]]:
    from jobs.quicksight_prep.phrases import phrases

    return dict(phrases())


def test_the_oldest_day_is_told_from_the_runs_own_day(tmp_path: Path) -> None:
    run = told(tmp_path, [Entry("A", 500, "x1", day=-9)], as_of=date(2026, 2, 16))
    assert "O item mais antigo tem 9 dias." in run.page.read_text("utf-8")


def test_the_headline_says_the_net_difference_and_what_it_is_made_of(tmp_path: Path) -> None:
    entries = [Entry("A", 300, "e"), Entry("B", 100, "f"), Entry("A", 50, "g", currency="USD")]
    run = told(tmp_path, entries)
    page = read(run.page)
    assert (
        "Diferença líquida de R$ 2,00 e US$ 0,50, toda explicada pela ponte: 3 itens divergem, "
        "R$ 4,00 e US$ 0,50 em valor bruto."
    ) in page
    assert "Net difference of R$ 2.00 and US$ 0.50, all explained by the bridge: 3 items" in page
    assert "Diferença líquida de R$\N{NO-BREAK SPACE}2,00 e" in run.page.read_text("utf-8")


@pytest.mark.parametrize(
    ("threshold", "lead"),
    [
        ("", ["1 é material e pede ação.", ALL_MATERIAL]),
        ('break = "0"', ["1 é material e pede ação.", ALL_MATERIAL]),
        ('break = "3.00"', ["1 é material e pede ação."]),
        ('break = "3.01"', ["Nenhuma é material por si; o total é."]),
    ],
)
def test_the_lead_says_where_every_break_is_material(
    tmp_path: Path, threshold: str, lead: list[str]
) -> None:
    profile = profile_of(f"{DEFAULT_PASSES}\n[materiality]\n{threshold}\n")
    page = read(told(tmp_path, [Entry("A", 300, "e")], profile).page)
    shown = re.search(r'<p class="lead">(.*?)</p>', page)
    assert shown and re.findall(r'lang="pt-BR">(.*?)</span>', shown[1]) == lead


def test_breaks_that_offset_each_other_are_no_difference_but_still_breaks(tmp_path: Path) -> None:
    run = told(tmp_path, [Entry("A", 100, "e"), Entry("B", 100, "f", day=-60)])
    page = read(run.page)
    assert "Diferença líquida de R$ 0,00, mas 2 itens divergem, R$ 2,00 em valor bruto." in page
    assert "Net difference of R$ 0.00, but 2 items differ, R$ 2.00 gross." in page


def test_a_sentence_ends_no_line_within_an_amount_below_zero(tmp_path: Path) -> None:
    entries = [Entry("B", 300, "e"), Entry("B", 50, "g", currency="EUR")]
    page = told(tmp_path, entries).page.read_text("utf-8")
    minus, blank = "-\N{WORD JOINER}", "\N{NO-BREAK SPACE}"
    assert f"Diferença líquida de {minus}R${blank}3,00 e {minus}EUR{blank}0,50, toda" in page
    assert f"Net difference of {minus}R${blank}3.00 and {minus}EUR{blank}0.50, all" in page
    assert f'<td class="n"><span lang="pt-BR">-R${blank}3,00</span>' in page  # pastes as a number


def test_the_two_matched_amounts_say_what_each_counts(run: Told) -> None:
    page = run.page.read_text("utf-8")
    assert "lançamentos dos dois lados, sem sinal" in page
    assert "Conciliado, com sinal" in page


def test_every_sheet_prints_across_with_all_its_columns_and_its_header(book: Any) -> None:
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$1"


def test_the_first_sheet_wraps_its_sentence_and_its_shares_are_numbers(book: Any) -> None:
    cells = {name.value: cell for name, cell, *_ in book["Resumo"].iter_rows(max_col=2)}
    assert cells["Em uma frase"].alignment.wrap_text
    share = cells["Conciliado, quantidade"]
    assert (share.value, share.number_format) == (0.111, "0.0%")  # 2 of 18
