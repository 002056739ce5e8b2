"""The rules as text: every one can be said in Spark's SQL too, and no value of a profile can become SQL."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from jobs.reconciliation.rules import length_prefixed, match_key, render, rule
from tests.jobs.reconciliation_case import Entry, run

RULES = sorted(f.name for f in files("jobs.reconciliation").joinpath("sql").iterdir())


def _filled(name: str) -> exp.Query:
    text = files("jobs.reconciliation").joinpath("sql", name).read_text(encoding="utf-8")
    wanted = sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Placeholder)
    return rule(name.removesuffix(".sql"), **{placeholder.name: 1 for placeholder in wanted})


@pytest.mark.parametrize("name", RULES)
def test_each_rule_can_be_said_in_sparks_dialect(name: str) -> None:
    text = render(_filled(name), "spark")
    again = sqlglot.parse_one(text, dialect="spark")
    assert not list(again.find_all(exp.Placeholder, exp.Parameter))
    assert not [f for f in again.find_all(exp.Anonymous) if f.name.lower() in ("lane", "list")]


@pytest.mark.parametrize("name", RULES)
def test_each_rule_says_what_it_is_for(name: str) -> None:
    text = files("jobs.reconciliation").joinpath("sql", name).read_text(encoding="utf-8")
    assert text.startswith("-- ")


def test_a_lane_is_the_same_digits_in_both_dialects() -> None:
    lane = exp.select(exp.func("lane", exp.column("hash"), exp.convert(2))).from_("lines")
    assert (
        render(lane, "duckdb") == "SELECT CAST('0x' || SUBSTRING(hash, 9, 8) AS BIGINT) FROM lines"
    )
    assert (
        render(lane, "spark")
        == "SELECT CAST(CONV(SUBSTRING(hash, 9, 8), 16, 10) AS BIGINT) FROM lines"
    )


def test_a_text_of_a_file_cannot_pose_as_two_columns() -> None:
    assert render(length_prefixed(["x"]), "duckdb") == (
        "COALESCE(CAST(LENGTH(CAST(x AS TEXT)) AS TEXT) || ':' || CAST(x AS TEXT), '-')"
    )


def test_a_key_of_one_column_is_that_column_and_of_none_is_constant() -> None:
    assert render(match_key(["entry_id"]), "duckdb") == "entry_id"
    assert render(match_key([]), "duckdb") == "''"


@pytest.mark.usefixtures("backend")
def test_texts_of_a_file_never_become_sql(tmp_path: Path) -> None:
    hostile = "'); drop table entries; --"
    done = run(tmp_path, [Entry("A", 100, hostile, description='"}'), Entry("B", 100, hostile)])
    assert done.classes == {"matched_exact": 1}
