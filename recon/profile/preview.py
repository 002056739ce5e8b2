"""The first rows of a file as a run would read them, by the code that would."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from jobs.profile import FileFormat
from jobs.validation.encoding import utf8_chunks
from jobs.validation.header import find_header
from jobs.validation.judgement import Reject
from jobs.validation.records import Grammar, cut
from jobs.validation.sorting import sort_out
from recon.errors import UsageError, said_by_the_system
from recon.output import Output
from shared import ptbr

CHUNK = 1 << 18
ROWS = 1000
"""Records that are looked at."""
SHOWN = 5
_COLUMNS = ("line_no", "side", "posted_on", "amount", "reference", "entry_id", "description")


@dataclass
class Preview:
    """above: records over the header; of those below it, skipped ones are no entries by the profile's own word."""

    above: int
    skipped: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def preview(source: BinaryIO, file: FileFormat, rows: int = ROWS) -> Preview:
    """Raises RefusedFileError where there is no header, as a run would."""
    grammar = Grammar(file.csv)
    blocks = cut(utf8_chunks(source, file.csv.encoding, hashlib.sha256(), CHUNK), grammar)
    reader, above, blocks = find_header(blocks, grammar, file)
    seen = Preview(above)
    left = rows
    for block in blocks:
        for piece in islice(block.pieces(left), 1):
            found = sort_out(piece, reader)
            seen.entries += found.entries.to_pylist()
            seen.rejects += found.rejects
            seen.skipped += found.skipped
            left -= len(piece)
        if left <= 0:
            break
    return seen


def opened(path: Path) -> BinaryIO:
    """Raises UsageError where it cannot be read."""
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(said_by_the_system(error)) from error


def show(seen: Preview, output: Output, of: str = "do arquivo") -> None:
    looked = len(seen.entries) + len(seen.rejects) + seen.skipped
    parts = (
        ptbr.count(len(seen.entries), "lançamento", "lançamentos"),
        ptbr.count(len(seen.rejects), "rejeitado", "rejeitados"),
        ptbr.count(seen.skipped, "pulado", "pulados"),
    )
    first = ptbr.count(looked, "registro", "registros")
    output.line(f"Como o perfil lê o começo {of} ({first}): {', '.join(parts)}")
    output.table(
        ("LINHA", "LADO", "DATA", "VALOR", "REFERÊNCIA", "ID", "DESCRIÇÃO"),
        [tuple(_cells(entry)) for entry in seen.entries[:SHOWN]],
    )
    for reject in seen.rejects[:SHOWN]:
        output.line(f"  {reject.message}")
    if len(seen.rejects) > SHOWN:
        output.line(f"  … {ptbr.count(len(seen.rejects), 'rejeitado', 'rejeitados')} entre esses")


def _cells(entry: dict[str, Any]) -> Iterator[str]:
    for name in _COLUMNS:
        value = entry[name]
        if name == "amount":
            yield ptbr.money(value, entry["currency"])
        elif name == "posted_on":
            yield ptbr.day(value)
        else:
            yield "" if value is None else str(value)


def document(seen: Preview) -> dict[str, Any]:
    """Of the first rows; counts are of all that were looked at."""
    return {
        "entries": len(seen.entries),
        "rejected": len(seen.rejects),
        "skipped": seen.skipped,
        "first": [
            {name: _plain(value) for name, value in entry.items() if value is not None}
            for entry in seen.entries[:SHOWN]
        ],
        "rejects": [reject.message for reject in seen.rejects[:SHOWN]],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
