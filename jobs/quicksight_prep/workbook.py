"""`conciliacao.xlsx`: what an analyst filters and adds up. Numbers are numbers, dates are dates, text is never run.

Written row by row, so that memory does not grow with the rows. More rows than a sheet takes go on in a second one;
nothing is left out but what the first sheet says is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.quicksight_prep.items import COLUMNS, Cell, Row, rows_of
from jobs.quicksight_prep.phrases import Money
from jobs.quicksight_prep.spreadsheet import runs_as_formula
from jobs.quicksight_prep.tables import sql
from shared import ptbr
from shared.currency import EXPONENTS
from shared.errors import ReconError
from shared.lines import in_reference, line_of_file
from shared.manifest import BridgeLine
from shared.taxonomy import ROW_CLASSES

SHEET_ROWS = 1_048_575
"""What a sheet holds beside its header."""
LIMITS = {
    "Conciliados": 1_000_000,
    "Divergências": 2_500_000,
    "Pendências": 2_500_000,
    "Rejeitados": 2_500_000,
}
"""Rows of each that it lists, a million in some two minutes. Of more it lists none, and says where they are."""
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


class SheetError(ReconError):
    """The library refused a cell. A retry does not help."""

    code = "SHEET"


@dataclass(frozen=True)
class Table:
    """count: how many rows there will be, so that the sheets' names can say how many they are."""

    name: str
    columns: Mapping[str, Callable[[Row], Cell]]
    count: int
    rows: Iterable[Row]


def _money(name: str) -> Callable[[Row], Cell]:
    return lambda row: None if row[name] is None else Money(int(row[name]), row["currency"])


def _line(name: str) -> Callable[[Row], Cell]:
    def told(row: Row) -> Cell:
        number = row[name]
        if number is None or not in_reference(number):
            return number
        return f"{ptbr.number(line_of_file(number))} da referência"

    return told


def _field(name: str) -> Callable[[Row], Cell]:
    return lambda row: row[name]


_MATCHED: dict[str, Callable[[Row], Cell]] = {
    "Passe": _field("pass_name"),
    "Classe": lambda row: ROW_CLASSES[row["class"]].label,
    "Linha A": _line("line_a"),
    "Linha B": _line("line_b"),
    "Data A": _field("posted_on_a"),
    "Data B": _field("posted_on_b"),
    "Valor A": _money("amount_a"),
    "Valor B": _money("amount_b"),
    "Diferença": _money("delta"),
    "Moeda": _field("currency"),
    "Dias entre A e B": _field("delta_days"),
    "Conta": _field("account"),
    "Id do lançamento": _field("entry_id"),
    "Referência": _field("reference"),
    "Descrição": _field("description"),
    "Lote": _field("match_id"),
}
_REJECTED: dict[str, Callable[[Row], Cell]] = {
    "Arquivo": lambda row: "referência" if in_reference(row["line_no"]) else "envio",
    "Linha": lambda row: line_of_file(row["line_no"]),
    "Lado": _field("side"),
    "Coluna": _field("column"),
    "Valor lido": _field("raw_value"),
    "Código": _field("code"),
    "Motivo": _field("message"),
}
_BRIDGE: dict[str, Callable[[Row], Cell]] = {
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

    def table(
        name: str, columns: Mapping[str, Callable[[Row], Cell]], source: str, query: str = ""
    ) -> Table:
        ((count,),) = connection.sql(f"select count(*) from {source}").fetchall()
        return Table(name, columns, count, rows_of(connection, query or f"from {source}"))

    lines = [line.model_dump() for line in bridge]
    tables = [
        table("Divergências", COLUMNS, "items where priority > 0"),
        table("Pendências", COLUMNS, "items where priority = 0"),
        table("Conciliados", _MATCHED, "matches", sql("matched")),
        table("Rejeitados", _REJECTED, "rejects"),
        Table("Ponte", _BRIDGE, len(lines), lines),
    ]
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        book.set_properties({"title": "Conciliação", "created": _EPOCH})
        cells = Cells(book)
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
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 80)
    sheet.freeze_panes(1, 0)
    for row, (name, value) in enumerate([("Conciliação", None), *facts]):
        cells.put(sheet, row, 0, name, bold=value is None)
        cells.put(sheet, row, 1, value)


def _sheets(book: xlsxwriter.Workbook, cells: Cells, table: Table) -> None:
    parts = _sheets_of(table.count)
    rows = iter(table.rows)
    for part in range(1, parts + 1):
        sheet = book.add_worksheet(table.name if parts == 1 else f"{table.name} {part} de {parts}")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.columns):
            sheet.set_column(column, column, _WIDTHS.get(name, 16))
            cells.put(sheet, 0, column, name, bold=True)
        last = 0
        for last, row in enumerate(islice(rows, SHEET_ROWS), 1):
            for column, cell_of in enumerate(table.columns.values()):
                cells.put(sheet, last, column, cell_of(row))
        sheet.autofilter(0, 0, last, len(table.columns) - 1)


class Cells:
    """Writes each kind of cell as a Brazilian spreadsheet shows it."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._day = book.add_format({"num_format": "dd/mm/yyyy"})
        # A cell that looks like a formula stays text even where somebody edits it.
        self._quoted = book.add_format({"quote_prefix": True})
        self._count = book.add_format({"num_format": "#,##0"})
        self._money: dict[str, Format] = {}

    def put(
        self, sheet: Worksheet, row: int, column: int, cell: Cell, *, bold: bool = False
    ) -> None:
        """Raises SheetError where the library would leave a cell out without a word."""
        match cell:
            case None:
                return
            case Money() if abs(cell.minor) < _DIGITS:
                amount = cell.minor / 10 ** EXPONENTS[cell.currency]
                done = sheet.write_number(row, column, amount, self._money_of(cell.currency))
            case Money():
                done = sheet.write_string(row, column, ptbr.money(cell.minor, cell.currency))
            case int() if abs(cell) < _DIGITS:
                done = sheet.write_number(row, column, cell, self._count)
            case date() if cell >= _DAY_ONE:
                done = sheet.write_number(row, column, (cell - _DAY_ZERO).days, self._day)
            case _:
                text = ptbr.day(cell) if isinstance(cell, date) else str(cell)
                if len(text) > _TEXT:
                    note = _CUT.format(ptbr.number(len(text)))
                    text = text[: _TEXT - len(note)] + note
                style = self._quoted if runs_as_formula(text) else self._bold if bold else None
                done = sheet.write_string(row, column, text, style)
        if done:
            raise SheetError(f"{sheet.get_name()}, linha {row + 1}: a célula não pôde ser escrita")

    def _money_of(self, currency: str) -> Format:
        if currency not in self._money:
            decimals = EXPONENTS[currency]
            number = "#,##0" + ("." + "0" * decimals if decimals else "")
            shown = f"[${_SYMBOLS.get(currency, currency)}] {number}"
            self._money[currency] = self._book.add_format({"num_format": f"{shown};[Red]-{shown}"})
        return self._money[currency]
