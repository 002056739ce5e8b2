"""Verbs about what a run left: in a folder here, or with a deployed pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from recon.cli.options import RUNNING, Deployment, Json, Result
from recon.output import Output


def report(
    result: Result,
    /,
    *,
    out: Annotated[
        Path | None,
        Parameter(help="Folder for a job's report (default: recon-out/<execution>)."),
    ] = None,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Open the report of a run in the browser, and say where it lies. With --json it is not opened.

    Example: recon report recon-out/JOB-20260216-default-0123456789abcdef
    """
    from recon.report import report

    return report(result, at.intake, out, Output(as_json=json))


def explain(
    result: Result,
    line: Annotated[int, Parameter(help="A line of the reconciled file, the first is 1.")],
    /,
    *,
    reference: Annotated[
        bool, Parameter(help="The line is one of the reference, not of the upload.")
    ] = False,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Tell what became of a line: its class, its counterpart, or what every near miss failed and by how much.

    Example: recon explain saida 2
    """
    from recon.explain import explain
    from recon.where import found

    with found(result, at.pipeline) as place:
        return explain(place, line, Output(as_json=json), reference=reference)


def verify(
    result: Result,
    /,
    *,
    profile: Annotated[
        str | None,
        Parameter(
            help="A profile's name, or the path of a .toml file (default: what the run used)."
        ),
    ] = None,
    at: Deployment = RUNNING,
    json: Json = False,
) -> int:
    """Prove a result again from its files: sums, every match, the class of every row. Exit code 1: a check failed.

    Example: recon verify saida
    """
    from recon.verify import verify
    from recon.where import found

    with found(result, at.pipeline) as place:
        return verify(place, profile, Output(as_json=json))
