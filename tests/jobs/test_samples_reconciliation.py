"""The samples against the tables of samples/README.md: each row's class, each file's verdict."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.profile import load_profile
from jobs.reconciliation.engine import EngineName
from jobs.reconciliation.reconcile import reconcile
from jobs.validation.acceptance import validate
from shared.taxonomy import ROW_CLASSES
from tests.jobs.test_samples_validation import OUTCOMES, PROFILES, ROOT, SAMPLES, VERDICTS

ACCEPTED = [file for file in PROFILES if not VERDICTS[file].isupper()]


@pytest.mark.parametrize("file", ACCEPTED)
def test_each_row_of_a_sample_gets_the_class_of_the_table_and_the_file_its_verdict(
    file: str, backend: EngineName, tmp_path: Path
) -> None:
    profile = load_profile(str(ROOT / "profiles"), PROFILES[file])
    with (SAMPLES / file).open("rb") as source:
        validated = validate(source, profile, tmp_path)
    result = reconcile(validated.entries, profile, tmp_path, validated.figures, backend)
    classes = {
        row[line]: row["class"]
        for name in ("matches", "breaks")
        for row in pq.read_table(result.files[name].path).to_pylist()
        for line in ("line_a", "line_b")
        if row[line] is not None
    }
    assert classes == {
        line: outcome
        for (name, line), outcome in OUTCOMES.items()
        if name == file and outcome in ROW_CLASSES
    }
    assert result.figures.verdict == VERDICTS[file]
