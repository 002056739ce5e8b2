"""The rules as text: every one can be said in Spark's SQL too, and no value of a profile can become SQL."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from jobs.reconciliation.rules import Sql, length_prefixed, match_key, rule, sql
from jobs.reconciliation.spark_engine import translated
from tests.jobs.reconciliation_case import Entry, run

RULES = sorted(f.name for f in files("jobs.reconciliation").joinpath("sql").iterdir())


def _filled(name: str) -> Sql:
    text = files("jobs.reconciliation").joinpath("sql", name).read_text(encoding="utf-8")
    wanted = sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Placeholder)
    filling = {placeholder.name: Sql(placeholder.name) for placeholder in wanted}
    return rule(name.removesuffix(".sql"), **filling)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_can_be_said_in_sparks_dialect(name: str) -> None:
    text = translated(_filled(name))
    again = sqlglot.parse_one(text, dialect="spark")
    assert not list(again.find_all(exp.Placeholder, exp.Parameter))
    assert not [f for f in again.find_all(exp.Anonymous) if f.name.lower() in ("lane", "list")]


@pytest.mark.parametrize("name", RULES)
def test_each_rule_says_what_it_is_for(name: str) -> None:
    text = files("jobs.reconciliation").joinpath("sql", name).read_text(encoding="utf-8")
    assert text.startswith("-- ")


def test_a_lane_is_spelled_out_for_spark() -> None:
    assert (
        translated(Sql("select lane(hash, 2) from lines"))
        == "SELECT CAST(CONV(SUBSTRING(hash, 9, 8), 16, 10) AS BIGINT) FROM lines"
    )


@pytest.mark.parametrize("text", ["it's", "'; drop table entries; --", "a\\'b", "$profile", ""])
def test_a_text_is_one_literal_in_both_dialects(text: str) -> None:
    for query, dialect in ((sql(text), "duckdb"), (translated(sql(text)), "spark")):
        literal = sqlglot.parse_one(query, dialect=dialect)
        assert isinstance(literal, exp.Literal)
        assert (literal.is_string, literal.this) == (True, text)


def test_a_negative_number_begins_no_comment() -> None:
    assert sql(-1) == "(-1)"


def test_what_is_no_value_of_a_query_is_no_part_of_one() -> None:
    with pytest.raises(TypeError, match="no value of a query"):
        sql(1.5)  # type: ignore[arg-type]


def test_a_text_of_a_file_cannot_pose_as_two_columns() -> None:
    assert length_prefixed(["x"]) == (
        "coalesce(cast(length(cast(x as text)) as text) || ':' || cast(x as text), '-')"
    )


def test_a_key_of_one_column_is_that_column_and_of_none_is_constant() -> None:
    assert match_key(["entry_id"]) == "entry_id"
    assert match_key([]) == "''"


@pytest.mark.usefixtures("backend")
def test_texts_of_a_file_never_become_sql(tmp_path: Path) -> None:
    hostile = "'); drop table entries; --"
    done = run(tmp_path, [Entry("A", 100, hostile, description='"}'), Entry("B", 100, hostile)])
    assert done.classes == {"matched_exact": 1}
