"""One small run with every class that there is, as `recon run` leaves it, to be verified and to be corrupted."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from jobs.profile import Profile, parse_profile
from jobs.reconciliation.engine import EngineName
from jobs.reconciliation.reconcile import reconcile
from jobs.runtime import JobArguments, Produced, StageRun
from jobs.validation.acceptance import validate
from recon.verification.written import read_written
from shared.layout import MANIFEST, Stage

CSV = """\
side,entry_id,account,posted_on,amount,currency,reference,description,kind,group_key,gross,fee,net,balance
A,E1,,2026-02-02,10.00,BRL,,,,,,,,
B,E1,,2026-02-02,10.00,BRL,,,,,,,,
A,E2,,2026-02-03,20.00,USD,,,,,,,,
B,E2,,2026-02-03,20.00,USD,,,,,,,,
A,E3,,2026-02-03,3.00,BRL,,,,,,,,
A,E3,,2026-02-03,3.00,BRL,,,,,,,,
B,E3,,2026-02-03,3.00,BRL,,,,,,,,
A,E4,,2026-02-03,4.00,BRL,,,,,,,,
B,E4,,2026-02-03,4.00,BRL,,,,,,,,
B,E4,,2026-02-03,4.00,BRL,,,,,,,,
A,,,2026-02-04,50.00,BRL,R1,,,,,,,
B,,,2026-02-04,50.03,BRL,R1,,,,,,,
A,,,2026-02-04,60.00,BRL,R2,,,,,,,
B,,,2026-02-06,60.00,BRL,R2,,,,,,,
A,,,2026-02-04,70.00,BRL,R3,,,,,,,
B,,,2026-02-04,70.00,BRL,R3,,,,,,,
B,,,2026-02-05,70.00,BRL,R3,,,,,,,
A,,,2026-02-05,80.00,BRL,,aluguel,,,,,,
B,,,2026-02-05,80.02,BRL,,aluguel,,,,,,
B,,,2026-02-05,80.07,BRL,,aluguel,,,,,,
A,E5,,2026-02-05,90.00,BRL,,,,,,,,
B,E5,,2026-02-05,91.50,BRL,,,,,,,,
A,E6,,2026-02-05,95.00,BRL,,,,,,,,
B,E6,,2026-02-15,95.00,BRL,,,,,,,,
A,E7,,2026-02-05,97.00,BRL,,,,,,,,
B,E7,,2026-02-05,97.00,EUR,,,,,,,,
A,E8,,2026-02-05,99.00,BRL,,,,,,,,
B,E8,,2026-02-05,-99.00,BRL,,,,,,,,
A,E9,,2026-02-01,0.40,BRL,,,,,,,,
B,E10,K,2026-02-09,115.00,BRL,,,,,,,,115.00
B,E11,K,2026-02-09,118.00,BRL,,,,,,,,233.00
A,E12,,2026-02-19,120.00,BRL,,,,,,,,
A,,,2026-02-10,130.00,BRL,,,,,,,,
B,,,2026-02-11,130.00,BRL,,,,,,,,
A,E13,,2026-02-12,140.00,BRL,,,,,,,,
A,E13,,2026-02-12,140.00,BRL,,,,,,,,
A,E14,,2026-02-30,1.00,BRL,,,,,,,,
A,E15,,2026-02-12,"1,00",BRL,,,,,,,,
A,,,2026-02-13,10.00,BRL,,,,G1,,,,
A,,,2026-02-14,20.00,BRL,,,,G1,,,,
B,,,2026-02-15,30.02,BRL,,,,G1,,,,
A,,,2026-02-13,45.00,BRL,,,,G2,,,,
B,,,2026-02-13,41.00,BRL,,,,G2,,,,
B,,,2026-02-13,2.50,BRL,,,,G2,,,,
A,E16,,2026-02-16,500.00,BRL,,,credito,,500.00,9.95,490.05,
B,E16,,2026-02-16,490.05,BRL,,,,,,,,
A,E17,,2026-02-16,400.00,BRL,,,credito,,400.00,11.96,388.04,
B,E17,,2026-02-16,388.04,BRL,,,,,,,,
B,,,2026-02-16,-17.00,BRL,R9,,estorno,,,,,
A,,C,2026-02-16,12.00,BRL,,um,,,,,,
A,,C,2026-02-16,12.00,BRL,,dois,,,,,,
B,,C,2026-02-16,12.00,BRL,,tres,,,,,,
A,,,2026-02-16,100.00,BRL,,luz,,,,,,
B,,,2026-02-16,100.01,BRL,,luz,,,,,,
A,,,2026-02-16,100.03,BRL,,luz,,,,,,
B,,,2026-02-16,100.09,BRL,,luz,,,,,,
A,,,2026-02-17,200.00,BRL,,,credito,G3,200.00,4.98,195.02,
B,,,2026-02-17,200.00,BRL,,,,G3,,,,
B,E18,K,2026-02-17,5.00,BRL,,,,,,,,240.00
B,,,2026-02-17,77.00,BRL,,agua,,,,,,
A,,,2026-02-17,77.05,BRL,,agua,,,,,,
A,,,2026-02-17,77.05,BRL,,agua,,,,,,
"""
PROFILE = """
schema = 1
name = "verificado"
layout = "single_file"
[columns]
side = "side"
entry_id = "entry_id"
account = "account"
posted_on = "posted_on"
amount = "amount"
currency = "currency"
reference = "reference"
description = "description"
kind = "kind"
group_key = "group_key"
gross = "gross"
fee = "fee"
net = "net"
balance = "balance"
[[passes]]
name = "id-exato"
on = ["entry_id", "currency"]
[[passes]]
name = "conta-exato"
on = ["account", "currency"]
[[passes]]
name = "referencia"
on = ["reference_norm", "currency"]
amount = { abs = "0.05" }
days = [0, 2]
unique = true
[[passes]]
name = "descricao"
on = ["description", "currency"]
amount = { bps = 10 }
[[passes]]
name = "liquido"
on = ["entry_id", "currency"]
compare = "net"
unique = true
[[passes]]
name = "lote"
kind = "group"
group_by = "group_key"
amount = { abs = "0.05" }
[[passes]]
name = "valor"
on = ["amount", "currency"]
days = [0, 3]
mode = "suggest"
[materiality]
break = "1.00"
[grace]
B = 2
[fees]
rates = { credito = 199 }
[reversals]
kinds = ["estorno"]
"""
AS_OF = date(2026, 2, 20)

# A corruption step: a table and what is written in its place, or a stage whose manifest is edited.
Step = tuple[str, str] | tuple[Stage, Callable[[dict[str, Any]], object]]


def profile() -> Profile:
    return parse_profile(PROFILE.encode(), "verificado.toml")


def write_run(folder: Path, engine: EngineName = "duckdb") -> None:
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    used = profile()
    validation = validate(io.BytesIO(CSV.encode()), used, scratch)
    result = reconcile(
        validation.entries, used, scratch, validation.figures, engine=engine, as_of=AS_OF
    )
    rows = validation.figures
    tables = {
        "entries": Produced(validation.entries, rows.entries),
        "rejects": Produced(validation.rejects, rows.rejected),
    }
    before = _stage(folder, Stage.VALIDATION).publish(
        {"file": "0" * 64, "profile": used.sha256}, tables, validation.figures
    )
    _stage(folder, Stage.RECONCILIATION).publish(
        {"profile": used.sha256, "validation": before.content_hash}, result.files, result.figures
    )
    shutil.rmtree(scratch)


def _stage(folder: Path, stage: Stage) -> StageRun:
    arguments = JobArguments(
        job_id="JOB-20260220-verificado-0123456789abcdef",
        execution_name="JOB-20260220-verificado-0123456789abcdef",
        profile="verificado",
        output_path=str(folder / stage),
        profiles_path=str(folder),
    )
    return StageRun(stage, arguments)


def corrupt(folder: Path, steps: tuple[Step, ...]) -> None:
    tables = read_written(folder).tables
    for target, change in steps:
        if isinstance(change, str):
            _rewrite(tables, target, change)
        else:
            path = folder / target / MANIFEST
            document = json.loads(path.read_bytes())
            change(document)
            path.write_text(json.dumps(document), encoding="utf-8")


def _rewrite(tables: dict[str, Path], table: str, query: str) -> None:
    with duckdb.connect() as connection:
        for name, path in tables.items():
            connection.read_parquet(str(path)).create_view(name)
        changed = tables[table].with_suffix(".new")
        before = connection.table(table).fetchall()
        connection.sql(query).write_parquet(str(changed))
        assert connection.read_parquet(str(changed)).fetchall() != before, "it changed nothing"
    changed.replace(tables[table])
