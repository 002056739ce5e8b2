"""The samples against the tables of samples/README.md: each row's class, each file's verdict."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.reconciliation.engine import EngineName
from jobs.reconciliation.reconcile import reconcile
from shared.taxonomy import ROW_CLASSES
from tests.jobs.test_samples_validation import PROFILES, VERDICTS, outcomes_of, validated

ACCEPTED = [file for file in PROFILES if not VERDICTS[file].isupper()]


@pytest.mark.parametrize("file", ACCEPTED)
def test_each_row_of_a_sample_gets_the_class_of_the_table_and_the_file_its_verdict(
    file: str, backend: EngineName, tmp_path: Path
) -> None:
    validation, profile = validated(file, tmp_path)
    result = reconcile(validation.entries, profile, tmp_path, validation.figures, backend)
    classes = {
        row[line]: row["class"]
        for name in ("matches", "breaks")
        for row in pq.read_table(result.files[name].path).to_pylist()
        for line in ("line_a", "line_b")
        if row[line] is not None
    }
    assert classes == {
        line: outcome for line, outcome in outcomes_of(file).items() if outcome in ROW_CLASSES
    }
    assert result.figures.verdict == VERDICTS[file]
