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


@pytest.fixture(autouse=True)
def one_jvm_for_all(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("spark"):
        request.getfixturevalue("running_jvm")


@pytest.fixture(scope="session")
def running_jvm(request: pytest.FixtureRequest) -> None:
    """What an engine starts for one small file stops at the first compiler. For hundreds the second one pays."""
    if not any(item.get_closest_marker("slow") for item in request.session.items):
        return
    from pyspark.sql import SparkSession

    from jobs.reconciliation.spark_engine import find_java, settings_of_this_machine

    find_java()
    builder = SparkSession.builder
    for name, value in settings_of_this_machine(threads=2, memory_limit="2GB").items():
        builder = builder.config(name, value)
    builder.getOrCreate()
