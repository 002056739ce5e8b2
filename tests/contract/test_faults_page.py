"""docs/faults.md names a test for each fault, and as many cases as that test has."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
ROW = re.compile(r"^\| .* \| (?P<cases>\d+) \| `(?P<test>tests/\S+\.py::test_\w+)` \|$")
# Files that are about nothing but faults: each of their tests is a row.
ABOUT_FAULTS = (
    "tests/aws/test_function_faults.py",
    "tests/aws/test_slow_publish.py",
    "tests/e2e/test_kill_and_resume.py",
    "tests/e2e/test_lost_and_late_events.py",
    "tests/e2e/test_many_uploads.py",
    "tests/e2e/test_redelivery.py",
    "tests/state_machine/test_asl_failure_path.py",
    "tests/state_machine/test_asl_glue_failures.py",
    "tests/state_machine/test_asl_time.py",
)


def rows() -> dict[str, int]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [row for line in lines if (row := ROW.match(line))]
    tests = {row["test"]: int(row["cases"]) for row in found}
    assert len(tests) == len(found) == sum("`tests/" in line and "| `" in line for line in lines)
    return tests


def collected(files: set[str]) -> Counter[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    listed = subprocess.run(
        [*command, *sorted(files)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = (line.partition("[")[0] for line in listed.stdout.splitlines() if "::" in line)
    return Counter(names)


def test_the_page_of_faults_has_the_cases_that_the_tests_have() -> None:
    told = rows()
    files = {test.partition("::")[0] for test in told} | set(ABOUT_FAULTS)
    there = collected(files)
    assert told == {test: there[test] for test in told}
    untold = [test for test in there if test.startswith(ABOUT_FAULTS) and test not in told]
    assert untold == []
