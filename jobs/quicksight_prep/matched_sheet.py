"""The rows of `Conciliados`: the only sheet that has as many rows as the file. The engine writes them as XML.

Cell by cell through the library, a million rows take two minutes; so, a tenth of that. It leans on how XlsxWriter
keeps its rows in constant memory (`row_data_fh`, `_write_single_row`, `_check_dimensions`, `_get_xf_index`): the lock
pins the library, and the tests read the sheet back.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import duckdb
import pyarrow as pa
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.quicksight_prep.items import rows_of
from jobs.quicksight_prep.tables import sql
from shared.currency import EXPONENTS
from shared.taxonomy import ROW_CLASSES

COLUMNS = (
    *("Passe", "Classe", "Linha A", "Linha B", "Data A", "Data B", "Valor A", "Valor B"),
    *("Diferença", "Moeda", "Dias entre A e B", "Conta", "Id do lançamento", "Referência"),
    *("Descrição", "Lote"),
)


def prepare(connection: duckdb.DuckDBPyConnection, money: Mapping[str, Format]) -> None:
    """Names `matched`, every match beside its entries. money: how an amount of each currency is shown."""
    labels = {"class": list(ROW_CLASSES), "label": [kind.label for kind in ROW_CLASSES.values()]}
    connection.register("class_labels", pa.table(labels))
    units = [Decimal(1).scaleb(-EXPONENTS[code]) for code in money]
    styles = {
        "currency": pa.array(list(money), pa.string()),
        "style": pa.array([form._get_xf_index() for form in money.values()], pa.int32()),
        "unit": pa.array(units, pa.decimal128(5, 4)),
    }
    connection.register("money_styles", pa.table(styles))
    connection.execute(sql("cell_macros"))
    connection.execute(f"create or replace temp table matched as {sql('matched')}")


def append(
    sheet: Worksheet,
    connection: duckdb.DuckDBPyConnection,
    before: int,
    rows: int,
    styles: Mapping[str, Format],
) -> None:
    """Below the header: the `rows` matches after the first `before`. styles: of whole, day and quoted cells."""
    numbers = {name: form._get_xf_index() for name, form in styles.items()}
    sheet._write_single_row(rows)  # the header leaves the library's hands
    sheet._check_dimensions(rows, len(COLUMNS) - 1)
    parameters = {"before": before, "rows": rows, **numbers}
    for row in rows_of(connection, sql("matched_sheet"), parameters):
        sheet.row_data_fh.write(row["xml"])
