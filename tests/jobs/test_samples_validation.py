"""The samples against the tables of samples/README.md: every line of every file is accounted for there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.profile import Profile, load_profile
from jobs.runtime import hash_file
from jobs.validation.acceptance import ValidationResult, validate
from jobs.validation.reference import Reference
from jobs.validation.refusal import RefusedFileError
from shared.lines import REFERENCE_BASE
from shared.taxonomy import ROW_CLASSES

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


def table(columns: str) -> list[list[str]]:
    """The rows of the README's table with this header."""
    text = (SAMPLES / "README.md").read_text()
    body = re.search(rf"^\| {re.escape(columns)} \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert body
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in body[1].splitlines()]


PROFILES = {file: profile for file, profile, _ in table("file | profile | verdict")}
VERDICTS = {file: verdict for file, _, verdict in table("file | profile | verdict")}
OUTCOMES = {
    (f, int(line)): outcome for f, line, _, outcome in table("file | line | proves | outcome")
}


def outcomes_of(file: str) -> dict[int, str]:
    """What becomes of each line of a run of this file; its reference's lines have their numbers of the run."""
    own = {line: outcome for (name, line), outcome in OUTCOMES.items() if name == file}
    return own | {
        REFERENCE_BASE + line: outcome
        for (name, line), outcome in OUTCOMES.items()
        if name == f"reference/{file}"
    }


def validated(file: str, folder: Path) -> tuple[ValidationResult, Profile]:
    """With the reference of the same name, where there is one."""
    profile = load_profile(str(ROOT / "profiles"), PROFILES[file])
    path = SAMPLES / "reference" / file
    reference = None
    if path.exists():
        reference = Reference(path, file, hash_file(path), datetime.now(UTC))
    with (SAMPLES / file).open("rb") as source:
        return validate(source, profile, folder, reference=reference), profile


def test_the_tables_speak_of_every_sample_and_of_no_other_file():
    samples = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*.csv")}
    references = {file for file in samples if file.startswith("reference/")}
    assert samples == {file for file, _ in OUTCOMES}
    assert samples - references == set(PROFILES)
    assert {file.removeprefix("reference/") for file in references} <= set(PROFILES)


@pytest.mark.parametrize("file", [file for file in PROFILES if not VERDICTS[file].isupper()])
def test_each_record_of_a_sample_becomes_what_its_row_of_the_table_says(file: str, tmp_path: Path):
    result, _ = validated(file, tmp_path)
    outcomes = outcomes_of(file)
    entered = {line for line, outcome in outcomes.items() if outcome in ROW_CLASSES}
    others = {line: outcome for line, outcome in outcomes.items() if line not in entered}
    rejects = {line: code for line, code in others.items() if code.isupper()}

    assert set(pq.read_table(result.entries).column("line_no").to_pylist()) == entered
    found = pq.read_table(result.rejects).to_pylist()
    assert {row["line_no"]: row["code"] for row in found} == rejects
    figures = result.figures.both
    assert figures.header == list(others.values()).count("header")
    assert figures.skipped == list(others.values()).count("skipped")
    assert figures.lines == len(outcomes)


@pytest.mark.parametrize("file", [file for file in PROFILES if VERDICTS[file].isupper()])
def test_a_sample_broken_beyond_use_is_refused_with_the_code_of_the_table(
    file: str, tmp_path: Path
):
    with pytest.raises(RefusedFileError) as refused:
        validated(file, tmp_path)
    assert refused.value.error_code == VERDICTS[file]
    assert {outcome for (name, _), outcome in OUTCOMES.items() if name == file} == {VERDICTS[file]}
    assert not list(tmp_path.iterdir())
