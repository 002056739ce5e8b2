"""Line numbers that are unique inside a run of two files (docs/decisions/0020): the reference's begin after a base."""

from __future__ import annotations

from shared.ptbr import number

REFERENCE_BASE = 10**12
"""More lines than any file has. Line n of the reference is REFERENCE_BASE + n, line n of the upload is n."""


def in_reference(line_no: int) -> bool:
    return line_no > REFERENCE_BASE


def line_of_file(line_no: int) -> int:
    """As an editor numbers it, in whichever file it is."""
    return line_no - REFERENCE_BASE if in_reference(line_no) else line_no


def told(line_no: int) -> str:
    """pt-BR, as in `linha 1.204` or `linha 12 da referência`."""
    of = " da referência" if in_reference(line_no) else ""
    return f"linha {number(line_of_file(line_no))}{of}"
