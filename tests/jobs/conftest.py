"""The engine a reconciliation test runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.reconciliation.engine import EngineName
from tests.jobs.reconciliation_case import ENGINE


@pytest.fixture(
    params=["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow])]
)
def backend(request: pytest.FixtureRequest) -> Iterator[EngineName]:
    """A test that uses it runs on DuckDB and, in `make test-spark`, on Spark."""
    before = ENGINE.set(request.param)
    yield request.param
    ENGINE.reset(before)
