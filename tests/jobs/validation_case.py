"""Files in memory for the tests of validation, and what validation makes of them as plain rows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.profile import Csv, Profile, parse_profile
from jobs.validation.acceptance import validate
from jobs.validation.judgement import Reader
from jobs.validation.records import Grammar
from shared.manifest import ValidationFigures

HEADER = "side,entry_id,account,posted_on,amount,currency,reference,description,kind"
GOOD = "A,E1,0001,2026-02-16,10.00,BRL,NF 1,Venda,venda"

_PROFILE = """
schema = 1
name = "teste"
layout = "single_file"
[csv]
{csv}
[columns]
side = {side}
{columns}
[validate]
max_reject_ratio = {ratio}
[[passes]]
name = "id"
on = ["entry_id"]
"""


@dataclass(frozen=True)
class Outcome:
    figures: ValidationFigures
    entries: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    sha256: str

    @property
    def codes(self) -> dict[int, str]:
        """Line → code of its reject."""
        return {row["line_no"]: row["code"] for row in self.rejects}


def profile_of(csv: str = "", side: str = '"side"', ratio: str = "1", columns: str = "") -> Profile:
    """Each column of HEADER is mapped to its own name, but where `columns` maps it."""
    other = [line.split(" = ")[0] for line in columns.partition("[extract]")[0].splitlines()]
    own = [f'{name} = "{name}"' for name in HEADER.split(",")[1:] if name not in other]
    text = _PROFILE.format(csv=csv, side=side, ratio=ratio, columns="\n".join((*own, columns)))
    return parse_profile(text.encode(), "teste.toml")


def reader_of(profile: Profile) -> Reader:
    return Reader(profile.upload, Grammar(profile.csv), HEADER.split(","))


def lines(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join((header, *rows)) + "\n").encode()


def run(data: bytes, folder: Path, profile: Profile | None = None, **options: Any) -> Outcome:
    result = validate(io.BytesIO(data), profile or profile_of(), folder, **options)
    entries, rejects = pq.read_table(result.entries), pq.read_table(result.rejects)
    return Outcome(result.figures, entries.to_pylist(), rejects.to_pylist(), result.sha256)


# A reader that looks at one byte at a time


def slow_records(data: bytes, csv: Csv) -> list[tuple[int, bytes]]:
    """The rule in words, in code: at each place the grammar's record, else the line."""
    found, at, line = [], 0, 1
    while at < len(data):
        end = slow_end(data, at, csv) or line_end(data, at)
        found.append((line, data[at:end]))
        line += line_breaks(data[at:end])
        at = end
    return found


def line_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at] not in b"\r\n":
        at += 1
    return at + (2 if data[at : at + 2] == b"\r\n" else 1 if at < len(data) else 0)


def line_breaks(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def slow_end(data: bytes, at: int, csv: Csv) -> int | None:
    """Where the record that begins here ends; None where the grammar has none."""
    quote, escape, delimiter = ord(csv.quote), ord(csv.escape), ord(csv.delimiter)
    while True:
        if at < len(data) and data[at] == quote:
            at += 1
            while True:
                if at >= len(data):
                    return None
                if escape != quote and data[at] == escape:
                    at += 2
                elif data[at] != quote:
                    at += 1
                elif escape == quote and data[at + 1 : at + 2] == bytes([quote]):
                    at += 2
                else:
                    at += 1
                    break
        else:
            while at < len(data) and data[at] != delimiter and data[at] not in b"\r\n":
                at += 1
                if data[at - 1] == quote:
                    while at < len(data) and data[at] not in (quote, delimiter, *b"\r\n"):
                        at += 1
                    if at >= len(data) or data[at] != quote:
                        return None
                    at += 1
        if at >= len(data):
            return at
        if data[at] in b"\r\n":
            return line_end(data, at)
        if data[at] != delimiter:
            return None
        at += 1
