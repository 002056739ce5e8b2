"""The published JSON Schemas: equal to the models, and true of what we write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from recon.pages.contracts import DOCUMENTS, FOLDER, schema
from recon.pages.profiles import DOCS, PAGES, english, page
from shared.alert import Alert, AlertMarker
from shared.checkpointing import describe, merge
from shared.contract import Contract
from shared.intake import Claim, Receipt, Upload
from tests.run_cases import JOB, MANIFESTS, NOW, REPORT, STAGE_ERROR

EVENTS = Path(__file__).parents[1] / "events"
UPLOAD = Upload(bucket="ingress", key="a.csv", version="v1")


def published(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_published_schema_is_its_model_s(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == schema(name), (
        "run `make contracts`"
    )


@pytest.mark.parametrize("name", PAGES)
def test_the_page_of_profile_keys_is_the_model_s(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page(name), "run `make contracts`"


def test_both_pages_of_profile_keys_have_the_same_keys_and_defaults() -> None:
    portuguese, english = (
        re.findall(r"^\| (`.+?` \| [`–].*?) \||^## .*(`.+`)", page(name), re.MULTILINE)
        for name in PAGES
    )
    assert len(english) > 20
    assert english == portuguese


def test_no_phrase_is_translated_that_no_page_says() -> None:
    said = page("profiles.md").replace("\\|", "|")
    assert all(phrase in said for phrase in english())


def test_nothing_else_is_published() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_published_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(published(name))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("job-event", JOB),
        ("checkpoint", merge(None, describe(REPORT, (), STAGE_ERROR, NOW), REPORT)),
        ("stage-error", STAGE_ERROR),
        *(("manifest", manifest) for manifest in MANIFESTS.values()),
        ("claim", Claim(number=0, event=JOB, upload=UPLOAD)),
        ("receipt", Receipt(upload=UPLOAD, outcome="refused", received_at=NOW)),
        (
            "alert",
            Alert(kind="x", severity="INFO", status="SUCCESS", timestamp=NOW, message="m"),
        ),
        (
            "alert-marker",
            AlertMarker(kind="x", severity="INFO", subject="s", message_id="m", published_at=NOW),
        ),
    ],
)
def test_what_we_write_is_what_we_publish(name: str, document: Contract) -> None:
    Draft202012Validator(published(name)).validate(json.loads(document.to_json()))


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("failure-report", "checkpoint_save.json"),
        ("failure-report", "checkpoint_by_hand.json"),
        ("failure-report", "timeout_failure.json"),
        ("alert-request", "notify_success.json"),
        ("alert-request", "notify_failure.json"),
        ("alert-request", "notify_refused.json"),
    ],
)
def test_what_the_functions_are_sent_is_what_we_publish(name: str, event: str) -> None:
    Draft202012Validator(published(name)).validate(json.loads((EVENTS / event).read_text()))


def test_a_manual_start_s_four_fields_are_a_job_event() -> None:
    four = {
        "job_id": "TEST-001",
        "bucket_name": "reconciliation-ingress",
        "object_key": "2026-02-16/test.csv",
        "file_hash": "test-hash",
    }
    validator = Draft202012Validator(published("job-event"))
    assert validator.is_valid(four)
    assert not validator.is_valid({k: v for k, v in four.items() if k != "file_hash"})
