"""docs/data-protection.md, in both languages: the days are the template's, and its way of erasing erases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import boto3
import jmespath
import pytest
from moto import mock_aws

from shared import layout

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("data-protection.md", "data-protection.pt-BR.md")
BUCKETS = {"ingress": "IngressBucket", "data": "DataBucket", "checkpoints": "CheckpointsBucket"}
NO_END = ("no end", "sem fim")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def days(template: Any, bucket: str, prefix: str) -> tuple[int | None, int]:
    """Until an object under the prefix expires, and a former version after it: the shortest rule that applies."""
    rules = [
        rule
        for rule in template.properties(BUCKETS[bucket])["LifecycleConfiguration"]["Rules"]
        if prefix.startswith(rule.get("Prefix", ""))
    ]
    expiry = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]
    former = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    ]
    return min(expiry, default=None), min(former)


@pytest.mark.parametrize("name", PAGES)
def test_the_days_of_each_place_are_the_lifecycles(template: Any, name: str) -> None:
    rows = re.findall(r"^\| `(\w+)/(\w*/?)` \| .+? \| (.+?) \| (\d+) \|$", page(name), re.MULTILINE)
    said = {
        (bucket, prefix): (None if kept in NO_END else int(kept), int(former))
        for bucket, prefix, kept, former in rows
    }
    assert said == {place: days(template, *place) for place in said}
    assert {bucket for bucket, _ in said} == set(BUCKETS)
    # Every rule with a prefix, and every folder that the layout knows.
    prefixes = {prefix for bucket, prefix in said if bucket == "data"}
    ruled = {
        rule["Prefix"]
        for rule in template.properties("DataBucket")["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    known = {
        layout.RUNS,
        layout.PROFILES,
        layout.REFERENCE,
        layout.CODE,
        layout.STAGING,
        layout.ATHENA,
    }
    assert prefixes >= ruled | known | {f"{layout.RECEIPTS.split('/')[0]}/"}


@pytest.mark.parametrize("name", PAGES)
def test_the_days_of_queues_and_logs_are_the_templates(template: Any, name: str) -> None:
    text = page(name)
    queues = dict(re.findall(r"^\| `([\w-]+)` \| .+? \| (\d+) \|$", text, re.MULTILINE))
    assert {f"reconciliation-{queue}": int(said) * 86_400 for queue, said in queues.items()} == {
        queue["QueueName"]: queue["MessageRetentionPeriod"]
        for queue in template.of_type("AWS::SQS::Queue").values()
    }
    [(groups, said)] = re.findall(
        r"^\| (`/aws/lambda/`.+?) \| logs \| (\d+) \|$", text, re.MULTILINE
    )
    folders = tuple(re.findall(r"`(.+?)`", groups))
    for group in template.of_type("AWS::Logs::LogGroup").values():
        assert group["LogGroupName"].startswith(folders)
        assert group["RetentionInDays"] == int(said)
    assert f"({template.parameters['RetentionDays']['Default']})" in text


def test_both_languages_have_the_same_rows_and_commands() -> None:
    english, portuguese = (
        re.findall(r"```.*?```|^\| `(.+?)` ", page(name), re.MULTILINE | re.DOTALL)
        for name in PAGES
    )
    assert english == portuguese
    blocks = [re.findall(r"```.*?```", page(name), re.DOTALL) for name in PAGES]
    assert blocks[0] == blocks[1]


def test_what_the_page_erases_leaves_no_version_and_touches_nothing_else() -> None:
    """The page's own query on S3's answer, as `aws s3api` applies it."""
    (query,) = re.findall(r"--query '(.+?)'", page(PAGES[0]))
    with mock_aws():
        s3 = boto3.client("s3")
        where = {"LocationConstraint": "sa-east-1"}
        s3.create_bucket(Bucket="data", CreateBucketConfiguration=where)
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        for key in ("runs/J/a", "runs/J/a", "runs/J/b", "runs/OTHER/a"):
            s3.put_object(Bucket="data", Key=key, Body=b"x")
        s3.delete_object(Bucket="data", Key="runs/J/b")

        found = s3.list_object_versions(Bucket="data", Prefix="runs/J/")
        s3.delete_objects(Bucket="data", Delete=jmespath.search(query, found))

        left = s3.list_object_versions(Bucket="data")
    assert [version["Key"] for version in left["Versions"]] == ["runs/OTHER/a"]
    assert "DeleteMarkers" not in left
