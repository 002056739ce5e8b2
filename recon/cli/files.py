"""Verbs about a file of this machine. None of them needs an AWS; `run` brings its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from recon.cli.options import File, Json, ProfileOrPath, Reference, day
from recon.output import Output


def run(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    day: Annotated[
        str | None, Parameter(help="Day of the file, YYYY-MM-DD (default: today).")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for the results (default: recon-out/<job id>).")
    ] = None,
    json: Json = False,
) -> int:
    """Reconcile a file on an embedded AWS of its own: no account, no Docker.

    Example: recon run samples/conciliado.csv --day 2026-02-16
    """
    from recon.run import run

    return run(file, profile, reference, _day("--day", day), out, Output(as_json=json))


def validate(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    out: Annotated[
        Path | None,
        Parameter(help="Folder for the results (default: recon-out/<file's name>-validation)."),
    ] = None,
    json: Json = False,
) -> int:
    """Only read a file: entries and explained rejects as Parquet. Needs no AWS, and no reference.

    Example: recon validate extrato.csv --profile perfil.toml --out lido
    """
    from recon.stages import validate

    return validate(file, profile, reference, out, Output(as_json=json))


def reconcile(
    file: File,
    /,
    *,
    profile: ProfileOrPath = "default",
    reference: Reference = None,
    engine: Annotated[
        Literal["duckdb", "spark", "auto"],
        Parameter(help="What runs the rules, to the same result; auto: by the number of entries."),
    ] = "duckdb",
    as_of: Annotated[
        str | None,
        Parameter(help="Day for ageing and pending, YYYY-MM-DD (default: the latest of the file)."),
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for the results (default: recon-out/<file's name>).")
    ] = None,
    json: Json = False,
) -> int:
    """Read and reconcile a file without AWS: matches, breaks and figures, but no alert and no report.

    Example: recon reconcile samples/conciliado.csv --out saida --json
    """
    from recon.stages import reconcile

    return reconcile(
        file, profile, reference, out, engine, _day("--as-of", as_of), Output(as_json=json)
    )


profile = App(name="profile", help="What a kind of file looks like, and the rules that match it.")


@profile.command(name="new")
def new_profile(
    file: File,
    /,
    *,
    reference: Annotated[
        Path | None,
        Parameter(
            help="The ledger, where it is a file of its own: it is side A, and FILE is side B."
        ),
    ] = None,
    name: Annotated[
        str | None, Parameter(help="The profile's name (default: after the file).")
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="Where to write it (default: <name>.toml among the ready profiles)."),
    ] = None,
    yes: Annotated[bool, Parameter(help="Write it without asking.")] = False,
    force: Annotated[bool, Parameter(help="Also over a profile that is there.")] = False,
    json: Json = False,
) -> int:
    """Look at a file, propose a profile, show its first rows as that profile reads them, and ask.

    With --reference the profile reconciles FILE against that ledger, by what the first rows of both have in common.

    Example: recon profile new extrato.csv --name banco --out banco.toml --yes
    """
    from recon.profile.new import new

    return new(file, reference, name, out, Output(as_json=json), yes=yes, force=force)


@profile.command(name="check")
def check_profile(
    profile: Annotated[str, Parameter(help="A profile's name, or the path of a .toml file.")],
    file: Annotated[Path | None, Parameter(help="A CSV file to read with it.")] = None,
    /,
    *,
    reference: Annotated[
        bool, Parameter(help="The file is one of the reference, not an upload.")
    ] = False,
    json: Json = False,
) -> int:
    """Check a profile and say what it means; with a file, show its first rows as the profile reads them.

    Example: recon profile check default samples/conciliado.csv
    """
    from recon.profile.check import check

    return check(profile, file, Output(as_json=json), reference=reference)


_day = day  # `run` has an option of that name
