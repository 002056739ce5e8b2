"""A small run's report, workbook and CSV, from entries as tuples, with none of the stage around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.profile import Profile
from jobs.quicksight_prep.people import write_for_people
from jobs.quicksight_prep.report import Run
from jobs.quicksight_prep.tables import open_result
from jobs.validation.acceptance import REJECT_SCHEMA
from jobs.validation.judgement import Reject
from shared.layout import Stage
from shared.manifest import (
    Figures,
    Manifest,
    ReconciliationFigures,
    ReferenceFigures,
)
from tests.jobs.reconciliation_case import Entry, profile_of, read_by
from tests.jobs.reconciliation_case import run as reconciled

JOB = "JOB-20260216-teste-0123456789abcdef"
NOON = datetime(2026, 2, 16, 15, tzinfo=UTC)
SHA = "5f" * 32


@dataclass(frozen=True)
class Told:
    """What people were given, and the result that it must say."""

    page: Path
    workbook: Path
    csv: Path
    figures: ReconciliationFigures
    breaks: list[dict[str, object]]
    matches: list[dict[str, object]]
    folder: Path


def told(
    folder: Path,
    entries: Sequence[Entry],
    profile: Profile | None = None,
    rejects: Sequence[Reject] = (),
    as_of: date | None = None,
    reference: ReferenceFigures | None = None,
) -> Told:
    profile = profile or profile_of()
    done = reconciled(folder, entries, profile, as_of)
    files = {name: Path(file.path) for name, file in done.result.files.items()}
    read = read_by(entries)
    validated = read.model_copy(
        update={
            "lines": read.lines + len(rejects),
            "rejected": len(rejects),
            "reference": reference,
        }
    )
    pq.write_table(
        pa.Table.from_pylist([vars(reject) for reject in rejects], REJECT_SCHEMA),
        folder / "rejects.parquet",
    )
    run = Run(
        manifest(validated),
        manifest(done.result.figures),
        "s3://entrada/2026-02-16/teste.csv",
        profile.materiality,
    )
    with open_result(folder / "entries.parquet", files["breaks"]) as connection:
        connection.read_parquet(str(folder / "rejects.parquet")).create_view("rejects")
        connection.read_parquet(str(files["matches"])).create_view("matches")
        written = write_for_people(connection, run, folder)
    return Told(
        *(written[name].path for name in ("report", "conciliacao", "divergencias")),
        done.result.figures,
        pq.read_table(files["breaks"]).to_pylist(),
        done.matches,
        folder,
    )


def manifest(figures: Figures) -> Manifest:
    inputs = (
        {"file": SHA, "profile": SHA} if figures.stage is Stage.VALIDATION else {"validation": SHA}
    )
    return Manifest(
        job_id=JOB,
        execution=JOB,
        profile="teste",
        started_at=NOON,
        finished_at=NOON.replace(second=2),
        code_version="1",
        versions={"duckdb": "2.0.0"},
        inputs=inputs,
        files={},
        figures=figures,
    )


HOSTILE = (
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1>",
    "javascript:window.owned=1",
    '"><svg onload=window.owned=1>',
    "=cmd|' /C calc'!A0",
    "\u202eabc\u202c",
    "{{7*7}}",
)
"""Cells that would like to be markup, script, a formula or another direction of text."""


def everything() -> tuple[list[Entry], Profile]:
    """Each kind of item once or more: missing on both sides, a mismatch, a lot, a pending row; hostile texts."""
    entries = [
        Entry("A", 100_000, "ok", "r0"),
        Entry("B", 100_000, "ok", "r0"),
        *(
            Entry("A", 1_000 + n, f"h{n}", f"q{n}", description=text, day=-2 - n)
            for n, text in enumerate(HOSTILE)
        ),
        Entry("A", 98_000, "m1", "m1", description="Venda balcão", day=-20),
        Entry("B", 97_000, "m1", "m1", description="PIX recebido", day=-20),
        Entry("A", 45_000, "c1", "c1", description="Exportação"),
        Entry("B", 45_000, "c1", "c1", currency="USD", description="Ordem de pagamento"),
        Entry("B", -1_290, "t1", None, description="Tarifa de manutenção", day=-3),
        Entry("A", 30_000, None, "l1", group_key="RV-1", day=-2),
        Entry("A", 4_590, None, "l2", group_key="RV-1", day=-2),
        Entry("B", 34_500, None, "l3", group_key="RV-1", day=-2),
        Entry("A", 3_300, "p1", "p1", description="Venda do dia"),
    ]
    passes = """
[[passes]]
name = "id-exato"
on = ["entry_id", "currency"]

[[passes]]
name = "lote"
kind = "group"
group_by = "group_key"

[grace]
B = 1
"""
    return entries, profile_of(passes)
