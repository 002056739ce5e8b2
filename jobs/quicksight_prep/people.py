"""What people open: `report.html`, `conciliacao.xlsx` and `divergencias.csv`, all from one connection."""

from __future__ import annotations

from pathlib import Path

import duckdb

from jobs.quicksight_prep.divergences import write_divergences
from jobs.quicksight_prep.items import rows_of
from jobs.quicksight_prep.page_data import packed, page_data
from jobs.quicksight_prep.report import REJECTS, TOP, Run, facts_of, render_report
from jobs.quicksight_prep.summary import summarize
from jobs.quicksight_prep.workbook import write_workbook
from jobs.runtime import Produced


def write_for_people(
    connection: duckdb.DuckDBPyConnection, run: Run, folder: Path
) -> dict[str, Produced]:
    summary = summarize(connection, run.figures)
    top = list(rows_of(connection, f"from items limit {TOP}"))
    rejects = list(rows_of(connection, f"from rejects limit {REJECTS}"))
    items = summary.breaks + summary.waiting
    data = packed(page_data(connection)) if items else ""
    page = render_report(run, summary, data, items, top, rejects)
    (folder / "report.html").write_text(page, encoding="utf-8")
    write_workbook(
        connection, folder / "conciliacao.xlsx", facts_of(run, summary), run.figures.bridge
    )
    count = write_divergences(connection, folder / "divergencias.csv")
    return {
        "report": Produced(folder / "report.html"),
        "conciliacao": Produced(folder / "conciliacao.xlsx"),
        "divergencias": Produced(folder / "divergencias.csv", count),
    }
