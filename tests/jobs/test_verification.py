"""The independent checker: it accepts what the job writes, and each of its checks sees the corruption made for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recon.verification.checks import checker, queries, verify
from tests.jobs.verification_case import corrupt, profile, write_run
from tests.jobs.verification_corruptions import CORRUPTIONS, Corruption

QUERIES = {query.name: query for query in queries()}
# One corruption a check shows that it fires; the others show that it sees all it claims.
CASES = [
    pytest.param(
        name,
        corruption,
        id=f"{name}: {corruption.what}",
        marks=[pytest.mark.slow] if number else [],
    )
    for name, corruptions in CORRUPTIONS.items()
    for number, corruption in enumerate(corruptions)
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verification") / "run"
    write_run(folder)
    return folder


def test_every_check_holds_on_what_the_job_writes(run: Path) -> None:
    assert [check for check in verify(run, profile()) if not check.held] == []


def test_every_check_has_a_corruption_made_for_it() -> None:
    assert set(CORRUPTIONS) == set(QUERIES)


@pytest.mark.parametrize(("name", "corruption"), CASES)
def test_a_check_fires_on_its_corruption(
    name: str, corruption: Corruption, run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    corrupt(folder, corruption.steps)
    with checker(folder, profile()) as check:
        seen = check(QUERIES[name])
    assert seen.held is False
    assert seen.rows
