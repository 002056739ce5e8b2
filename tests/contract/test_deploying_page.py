"""docs/deploying.md and docs/scaling.md: parameters, names and counts are the template's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_parameter_is_there_with_its_default(template: Any) -> None:
    rows = re.findall(
        r"^\| `([A-Z]\w+)` \| (none|`.+?`) \| .+ \|$", page("deploying.md"), re.MULTILINE
    )
    assert [(name, "" if said == "none" else said.strip("`")) for name, said in rows] == [
        (name, str(parameter["Default"])) for name, parameter in template.parameters.items()
    ]


def test_the_alarms_that_cost_are_those_without_a_condition(template: Any) -> None:
    always = [
        logical_id
        for logical_id in template.of_type("AWS::CloudWatch::Alarm")
        if "Condition" not in template.resources[logical_id]
    ]
    (count, price, total) = re.findall(
        r"\| (\d+) standard ones at (0\.\d+) \| ([\d.]+) \|", page("deploying.md")
    )[0]
    assert int(count) == len(always)
    assert float(total) == round(int(count) * float(price), 2)


def test_an_uploader_with_a_customer_key_may_use_it_through_s3_only(template: Any) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", page("deploying.md"), re.DOTALL)
    put, key = json.loads(text)["Statement"]
    bucket = template.properties("IngressBucket")["BucketName"]
    assert put == {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/default/*",
    }
    assert key["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.sa-east-1.amazonaws.com"}}


def test_limits_of_the_scaling_page_are_the_parameters(template: Any) -> None:
    text = page("scaling.md")
    defaults = {name: parameter["Default"] for name, parameter in template.parameters.items()}
    assert f"| trigger | {defaults['TriggerConcurrency']} at a time |" in text
    assert f"| Glue | {defaults['MaxConcurrentRuns']} runs of each job |" in text
    assert f"on the run's {defaults['LimitSeconds']:,} s" in text
    assert f"runs out of its {template.properties('Trigger')['Timeout']} s" in text


@pytest.mark.parametrize("name", ["deploying", "scaling"])
def test_a_page_is_the_same_in_portuguese(name: str) -> None:
    english, portuguese = page(f"{name}.md"), page(f"{name}.pt-BR.md")
    # A number by its digits, for each language has its own signs within it; what is quoted, as it is.
    parts = r"`[^`\n]+`|\]\([\w/-]+|\d[\d,.]*"
    for one, other in zip(english.split("\n## "), portuguese.split("\n## "), strict=True):
        told = [
            sorted(re.sub(r"(?<=\d)[,.]|\.$", "", part) for part in re.findall(parts, text))
            for text in (one, other)
        ]
        assert told[0] == told[1]
        assert one.count("\n|") == other.count("\n|")
        assert one.count("\n- ") == other.count("\n- ")


def test_pages_link_to_pages_and_sections_that_are_there() -> None:
    for source in DOCS.glob("*.md"):
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page(source.name)):
            file = (source.parent / target).resolve() if target else source
            assert file.exists(), f"{source.name}: {target}"
            if anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
                assert anchor in slugs, f"{source.name}: {target}#{anchor}"
