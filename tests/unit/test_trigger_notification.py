"""What the trigger reads out of S3's own messages."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.trigger.notification import Arrival, Ignored, read_notification
from shared.intake import Upload

EVENTS = Path(__file__).parents[1] / "events"
VERSION = "096fKKXTRTtl3on89fVO.nfljtsv6qko"
SEQUENCER = "0055AED6DCD90281E5"


def load(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / name).read_text())


def created(**changes: Any) -> str:
    """A creation whose object has these fields changed; None takes one away."""
    event = deepcopy(load("s3_object_created.json"))
    item = event["Records"][0]["s3"]["object"]
    item |= changes
    for name in [name for name, value in changes.items() if value is None]:
        del item[name]
    return json.dumps(event)


def test_a_creation_is_an_arrival_with_its_key_decoded() -> None:
    [arrival] = read_notification(created())

    assert arrival == Arrival(
        Upload(
            bucket="reconciliation-ingress-123456789012-sa-east-1",
            key="2026-02-16/extrato de fevereiro (ç).csv",
            version=VERSION,
            size=1289,
        ),
        datetime(2026, 2, 16, 12, 34, 56, 789000, tzinfo=UTC),
        VERSION,
    )


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("a%2Bb.csv", "a+b.csv"),
        ("a+b.csv", "a b.csv"),
        ("a%252Bb.csv", "a%2Bb.csv"),
        ("%F0%9F%92%B0.csv", "💰.csv"),
        ("linha%0Aquebrada.csv", "linha\nquebrada.csv"),
        ("..%2Fextrato.csv", "../extrato.csv"),
    ],
)
def test_a_key_is_decoded_once(sent: str, key: str) -> None:
    [arrival] = read_notification(created(key=sent))

    assert isinstance(arrival, Arrival)
    assert arrival.upload.key == key


@pytest.mark.parametrize("version_id", [None, "null", ""])
def test_without_a_version_of_its_own_the_sequencer_names_the_upload(
    version_id: str | None,
) -> None:
    [arrival] = read_notification(created(versionId=version_id))

    assert isinstance(arrival, Arrival)
    assert (arrival.upload.version, arrival.version_id) == (SEQUENCER, None)


def test_a_message_may_hold_several_records() -> None:
    event = load("s3_object_created.json")
    event["Records"] += load("s3_object_removed.json")["Records"]

    kinds = [type(entry) for entry in read_notification(json.dumps(event))]

    assert kinds == [Arrival, Ignored]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Post",
    ],
)
def test_however_an_object_was_created_it_has_arrived(name: str) -> None:
    event = load("s3_object_created.json")
    event["Records"][0]["eventName"] = name

    assert isinstance(read_notification(json.dumps(event))[0], Arrival)


def test_what_is_no_upload_is_ignored_with_its_reason() -> None:
    assert read_notification(json.dumps(load("s3_test_event.json"))) == [Ignored("s3:TestEvent")]
    assert read_notification(json.dumps(load("s3_object_removed.json"))) == [
        Ignored("not a creation", "2026-02-16/extrato.csv")
    ]
    assert read_notification(created(key="2026-02-16/", size=0)) == [
        Ignored("folder marker", "2026-02-16/")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "olá",
        "[]",
        "{}",
        '{"Records": [{}]}',
        created(key=None),
        created(versionId=None, sequencer=None),
    ],
)
def test_what_s3_does_not_send_is_an_error_and_so_ends_in_the_dead_letter_queue(body: str) -> None:
    with pytest.raises(ValidationError):
        read_notification(body)
