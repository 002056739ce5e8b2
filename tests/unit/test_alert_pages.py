"""docs/alerts.md and its Portuguese twin: what they quote is what the notifier says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from services.notifier.alerting import tell
from services.notifier.places import Places
from shared.alert import AlertMarker, AlertRequest, AlertStatus, RunCompleted, RunFailed
from shared.checkpoint import Failure, FailureReport
from shared.checkpointing import describe
from shared.layout import Stage
from shared.manifest import Manifest
from tests.alert_examples import DATA, EXAMPLES, MANIFESTS_OF, STAGE_ERRORS
from tests.run_cases import NOW

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("alerts.md", "alerts.pt-BR.md")


class Desk:
    places = Places(DATA, "sa-east-1")

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any], Mapping[str, str]]] = []

    def was_told(self, request: AlertRequest) -> bool:
        return False

    def was_attempted(self, request: RunCompleted | RunFailed) -> bool:
        return False

    def attempt(self, request: RunCompleted | RunFailed) -> None: ...

    def manifests(self, request: RunCompleted) -> Mapping[Stage, Manifest]:
        return MANIFESTS_OF[request.job_id]

    def failure(self, request: RunFailed, now: datetime) -> Failure:
        report = FailureReport.model_validate(request.model_dump(exclude={"kind"}))
        return describe(report, (), STAGE_ERRORS[request.job_id], now)

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        self.published.append((subject, json.loads(message), attributes))
        return "message"

    def mark(self, request: AlertRequest, marker: AlertMarker) -> None: ...

    def post(self, message: str, attributes: Mapping[str, str]) -> bool:
        return True


def told(request: AlertRequest) -> tuple[str, dict[str, Any], Mapping[str, str]]:
    desk = Desk()
    tell(request, desk, NOW)
    return desk.published[0]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_quoted_e_mails_are_what_is_sent(name: str) -> None:
    quoted = re.findall(r"^### (\w+)\n\n```text\n(.*?)```$", page(name), re.MULTILINE | re.DOTALL)
    sent = [told(request) for request in EXAMPLES[:3]]
    assert quoted == [
        (attributes["severity"], f"{subject}\n\n{message['email']}")
        for subject, message, attributes in sent
    ]


@pytest.mark.parametrize("name", PAGES)
def test_the_table_names_every_kind_and_status_with_its_severity(name: str) -> None:
    rows = [
        (kind, severity, status)
        for kind, severity, statuses in re.findall(
            r"^\| `(\w+)` \| (\w+) \| (.+?) \|", page(name), re.MULTILINE
        )
        for status in re.findall(r"`(\w+)`", statuses)
    ]
    sent = {
        (attributes["kind"], attributes["severity"], attributes["status"])
        for _, _, attributes in map(told, EXAMPLES)
    }
    assert sent <= set(rows)
    assert {status for _, _, status in rows} == set(get_args(AlertStatus))
    kinds = {member.model_fields["kind"].default for member in get_args(get_args(AlertRequest)[0])}
    assert {kind for kind, _, _ in rows} == {kind for kind, _, _ in sent} == kinds


def test_the_two_languages_say_the_same() -> None:
    english, portuguese = (
        re.findall(r"^(#+) |^```\w*\n.*?^```$|^\| `(.+?)`", page(name), re.MULTILINE | re.DOTALL)
        for name in PAGES
    )
    assert len(english) > 20
    assert english == portuguese
    blocks = [re.findall(r"```\w*\n.*?```", page(name), re.DOTALL) for name in PAGES]
    assert blocks[0] == blocks[1]
