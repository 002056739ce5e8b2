"""`conciliacao.xlsx`: what an analyst filters and adds up. Numbers are numbers, dates are dates, text is never run.

Written row by row, so that memory does not grow with the rows. More rows than a sheet takes go on in a second one;
nothing is left out but what the first sheet says is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.quicksight_prep import matched_sheet
from jobs.quicksight_prep.items import COLUMNS, Cell, Row, rows_of
from jobs.quicksight_prep.phrases import Money, Percent
from jobs.quicksight_prep.spreadsheet import runs_as_formula
from shared import ptbr
from shared.currency import EXPONENTS
from shared.errors import ReconError
from shared.lines import in_reference, line_of_file
from shared.manifest import BridgeLine

SHEET_ROWS = 1_048_575
"""What a sheet holds beside its header."""
LIMITS = dict.fromkeys(("Divergências", "Pendências", "Conciliados", "Rejeitados"), 2_000_000)
"""Rows of each that it lists; breaks take two to three minutes a million. Of more it says where they are."""
_ELSEWHERE = {
    "Conciliados": "matches.parquet",
    "Divergências": "divergencias.csv",
    "Pendências": "divergencias.csv",
    "Rejeitados": "rejects.parquet",
}
_TEXT = 32_767  # characters that a cell holds
_DIGITS = 10**15  # a spreadsheet's numbers are doubles
_DAY_ZERO = date(1899, 12, 30)
_DAY_ONE = date(1900, 3, 1)  # before it, spreadsheets count a day that never was
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # the same result is the same file
_CUT = "… (texto cortado: {} caracteres ao todo)"
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_SYMBOLS = {"BRL": "R$-416", "USD": "US$-409"}
_WIDTHS = {
    **dict.fromkeys(("Classe", "Descrição"), 38),
    **dict.fromkeys(("Motivo", "Rótulo"), 60),
    **dict.fromkeys(("Id da divergência", "Lote"), 34),
    **dict.fromkeys(("Moeda", "Moeda B", "Lado", "Prioridade", "Material"), 10),
}


Columns = Mapping[str, Callable[[Row], Cell]]


class SheetError(ReconError):
    """The library refused a cell. A retry does not help."""

    code = "SHEET"


@dataclass(frozen=True)
class Table:
    """count: rows there are, so that a sheet's name can say how many sheets. fill: (sheet, rows before, rows here)."""

    name: str
    columns: Sequence[str]
    count: int
    fill: Callable[[Worksheet, int, int], None]


def _money(name: str) -> Callable[[Row], Cell]:
    return lambda row: None if row[name] is None else Money(int(row[name]), row["currency"])


def _field(name: str) -> Callable[[Row], Cell]:
    return lambda row: row[name]


_REJECTED: Columns = {
    "Arquivo": lambda row: "referência" if in_reference(row["line_no"]) else "envio",
    "Linha": lambda row: line_of_file(row["line_no"]),
    "Lado": _field("side"),
    "Coluna": _field("column"),
    "Valor lido": _field("raw_value"),
    "Código": _field("code"),
    "Motivo": _field("message"),
}
_BRIDGE: Columns = {
    "Moeda": _field("currency"),
    "Rótulo": _field("label"),
    # The net line is a difference of amounts: no number of items is its own.
    "Itens": lambda row: None if row["line"] in ("net", "residual") else row["count"],
    "Valor": _money("amount"),
}


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    facts: Sequence[tuple[str, Cell]],
    bridge: Iterable[BridgeLine],
) -> None:
    """Reads items, matches, entries and rejects of the connection. facts: what the first sheet says."""
    lines = [line.model_dump() for line in bridge]
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        book.set_properties({"title": "Conciliação", "created": _EPOCH})
        cells = Cells(book)

        def count(source: str) -> int:
            ((rows,),) = connection.sql(f"select count(*) from {source}").fetchall()
            return int(rows)

        def table(name: str, columns: Columns, source: str) -> Table:
            def rows(before: int, many: int) -> Iterable[Row]:
                return rows_of(connection, f"from {source} limit {many} offset {before}")

            return Table(name, list(columns), count(source), cells.filler(columns, rows))

        def matched(sheet: Worksheet, before: int, rows: int) -> None:
            if not before:
                codes = rows_of(connection, "select distinct currency from entries order by 1")
                money = {row["currency"]: cells.money(row["currency"]) for row in codes}
                matched_sheet.prepare(connection, money)
            matched_sheet.append(sheet, connection, before, rows, cells.plain)

        tables = [
            table("Divergências", COLUMNS, "items where priority > 0"),
            table("Pendências", COLUMNS, "items where priority = 0"),
            Table("Conciliados", matched_sheet.COLUMNS, count("matches"), matched),
            table("Rejeitados", _REJECTED, "rejects"),
            Table("Ponte", list(_BRIDGE), len(lines), cells.filler(_BRIDGE, lambda *_: lines)),
        ]
        _facts(book, cells, [*facts, *map(_said_of, tables)])
        for each in tables:
            if _is_left_out(each):
                cells.put(book.add_worksheet(each.name), 0, 0, _left_out(each))
            else:
                _sheets(book, cells, each)


def _said_of(table: Table) -> tuple[str, Cell]:
    if _is_left_out(table):
        return table.name, _left_out(table)
    rows = ptbr.count(table.count, "linha", "linhas")
    sheets = _sheets_of(table.count)
    return table.name, f"{rows}, em {sheets} planilhas" if sheets > 1 else rows


def _is_left_out(table: Table) -> bool:
    return table.count > LIMITS.get(table.name, table.count)


def _left_out(table: Table) -> str:
    return (
        f"{ptbr.number(table.count)} linhas: mais do que as {ptbr.number(LIMITS[table.name])} que esta planilha "
        f"lista de cada vez. Todas estão em {_ELSEWHERE[table.name]}."
    )


def _sheets_of(rows: int) -> int:
    return max(1, -(-rows // SHEET_ROWS))


def _facts(book: xlsxwriter.Workbook, cells: Cells, facts: Sequence[tuple[str, Cell]]) -> None:
    sheet = book.add_worksheet("Resumo")
    _on_paper(sheet)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 66)  # a hash is 64 characters; a longer text goes on below
    sheet.freeze_panes(1, 0)
    for row, (name, value) in enumerate([("Conciliação", None), *facts]):
        cells.put(sheet, row, 0, name, cells.bold if value is None else None)
        cells.put(sheet, row, 1, value, cells.wrapped)


def _on_paper(sheet: Worksheet) -> None:
    """A4 across, all columns on a page, the header on every one."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _sheets(book: xlsxwriter.Workbook, cells: Cells, table: Table) -> None:
    parts = _sheets_of(table.count)
    for part in range(parts):
        before = part * SHEET_ROWS
        rows = min(SHEET_ROWS, table.count - before)
        name = table.name if parts == 1 else f"{table.name} {part + 1} de {parts}"
        sheet = book.add_worksheet(name)
        _on_paper(sheet)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(table.columns):
            sheet.set_column(column, column, _WIDTHS.get(heading, 16))
            cells.put(sheet, 0, column, heading, cells.bold)
        table.fill(sheet, before, rows)
        sheet.autofilter(0, 0, rows, len(table.columns) - 1)


class Cells:
    """Writes each kind of cell as a Brazilian spreadsheet shows it."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._share = book.add_format({"num_format": "0.0%"})
        self.plain = {
            "whole": book.add_format({"num_format": "#,##0"}),
            "day": book.add_format({"num_format": "dd/mm/yyyy"}),
            # A cell that looks like a formula stays text even where somebody edits it.
            "quoted": book.add_format({"quote_prefix": True}),
        }
        self._money: dict[str, Format] = {}

    def filler(
        self, columns: Columns, rows: Callable[[int, int], Iterable[Row]]
    ) -> Callable[[Worksheet, int, int], None]:
        """Writes so many rows that come after so many, cell by cell."""

        def fill(sheet: Worksheet, before: int, many: int) -> None:
            for number, row in enumerate(rows(before, many), 1):
                for column, cell_of in enumerate(columns.values()):
                    self.put(sheet, number, column, cell_of(row))

        return fill

    def put(
        self, sheet: Worksheet, row: int, column: int, cell: Cell, style: Format | None = None
    ) -> None:
        """style: of a text. Raises SheetError where the library would leave a cell out without a word."""
        match cell:
            case None:
                return
            case Money() if abs(cell.minor) < _DIGITS:
                amount = cell.minor / 10 ** EXPONENTS[cell.currency]
                done = sheet.write_number(row, column, amount, self.money(cell.currency))
            case Money():
                done = sheet.write_string(row, column, ptbr.money(cell.minor, cell.currency))
            case Percent():
                done = sheet.write_number(row, column, cell.floored, self._share)
            case int() if abs(cell) < _DIGITS:
                done = sheet.write_number(row, column, cell, self.plain["whole"])
            case date() if cell >= _DAY_ONE:
                done = sheet.write_number(row, column, (cell - _DAY_ZERO).days, self.plain["day"])
            case _:
                text = ptbr.day(cell) if isinstance(cell, date) else str(cell)
                if len(text) > _TEXT:
                    note = _CUT.format(ptbr.number(len(text)))
                    text = text[: _TEXT - len(note)] + note
                quoted = self.plain["quoted"] if runs_as_formula(text) else style
                done = sheet.write_string(row, column, text, quoted)
        if done:
            raise SheetError(f"{sheet.get_name()}, linha {row + 1}: a célula não pôde ser escrita")

    def money(self, currency: str) -> Format:
        if currency not in self._money:
            decimals = EXPONENTS[currency]
            number = "#,##0" + ("." + "0" * decimals if decimals else "")
            shown = f"[${_SYMBOLS.get(currency, currency)}] {number}"
            self._money[currency] = self._book.add_format({"num_format": f"{shown};[Red]-{shown}"})
        return self._money[currency]
