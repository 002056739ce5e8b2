"""`recon verify`: a result proven again from its files, with the profile that the run used."""

from __future__ import annotations

from pydantic_core import to_jsonable_python

from recon.output import Output
from recon.profile.chosen import find_profile
from recon.verification.checks import Check
from recon.verification.checks import verify as verify_tables
from recon.where import Result
from shared import ptbr

_MARKS = {True: "✓", False: "✗", None: "–"}


def verify(result: Result, profile: str | None, output: Output) -> int:
    """profile: what the run used, where None."""
    used = find_profile(profile) if profile else result.profile()
    checks = verify_tables(result.folder, used)
    for check in checks:
        output.line(f"{_MARKS[check.held]} {check.name}: {check.sentence}")
        for row in check.rows:
            told = ", ".join(f"{name} = {value}" for name, value in row.items())
            output.line(f"    {told}")
        if check.offending and check.offending > len(check.rows):
            output.line(f"    … {ptbr.count(check.offending, 'linha', 'linhas')} ao todo")
    held, failed, unchecked = (_named(checks, held) for held in (True, False, None))
    summary = [
        ptbr.count(len(held), "verificação fecha", "verificações fecham"),
        ptbr.count(len(failed), "falha", "falham"),
    ]
    if unchecked:
        applied = ptbr.count(len(unchecked), "não se aplica", "não se aplicam")
        summary.insert(1, f"{applied} (sem manifestos: {', '.join(unchecked)})")
    output.line(", ".join(summary))
    if output.as_json:
        output.document(
            {
                "verified": not failed,
                "held": held,
                "failed": failed,
                "not_checked": unchecked,
                "checks": [
                    {
                        "name": check.name,
                        "says": check.sentence,
                        "held": check.held,
                        "offending": check.offending,
                        "rows": to_jsonable_python(check.rows),
                    }
                    for check in checks
                ],
            }
        )
    return 1 if failed else 0


def _named(checks: list[Check], held: bool | None) -> list[str]:
    return [check.name for check in checks if check.held is held]
