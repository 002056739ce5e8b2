"""Tells each thing once: looks for the marker, says that it will publish, publishes, leaves the marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.notifier import channels, completed, daily, failed, late, retracted, stale, uploads
from services.notifier.notice import Notice, as_test, is_test
from services.notifier.places import Places
from shared.alert import (
    Alert,
    AlertMarker,
    AlertRequest,
    Digest,
    FileOverdue,
    RefreshFailed,
    RunCompleted,
    RunFailed,
    RunLate,
    RunRetracted,
    UploadDuplicate,
    UploadRefused,
)
from shared.checkpoint import Failure
from shared.layout import Stage
from shared.manifest import Manifest


class Desk(Protocol):
    def was_told(self, request: AlertRequest) -> bool: ...

    def was_attempted(self, request: RunCompleted | RunFailed) -> bool:
        """Whether a notifier came as far as to publish it."""
        ...

    def attempt(self, request: RunCompleted | RunFailed) -> None: ...

    def manifests(self, request: RunCompleted) -> Mapping[Stage, Manifest]:
        """Those that are there and can be read."""
        ...

    def failure(self, request: RunFailed, now: datetime) -> Failure: ...

    @property
    def places(self) -> Places: ...

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str: ...

    def mark(self, request: AlertRequest, marker: AlertMarker) -> None: ...

    def post(self, message: str, attributes: Mapping[str, str]) -> bool:
        """To the chat's topic, if there is one. False: it could not be posted."""
        ...


@dataclass(frozen=True)
class Told:
    """posted: false where the chat did not get it. It is no reason to tell everybody else again."""

    alert: Alert
    message_id: str
    posted: bool


def tell(request: AlertRequest, desk: Desk, now: datetime) -> Told | None:
    """None where it was told before, or perhaps was, and plainly for sure."""
    if desk.was_told(request):
        return None
    end = request if isinstance(request, RunCompleted | RunFailed) else None
    notice = _notice(request, desk, now)
    if is_test(_object_key(request)):
        notice = as_test(notice)
    subject = channels.subject(notice)
    alert = notice.alert
    attributes = channels.attributes(alert)
    marker = AlertMarker(
        kind=alert.kind,
        severity=alert.severity,
        subject=subject,
        message_id=None,
        published_at=now,
    )
    if end and end.told_plainly and desk.was_attempted(end):
        desk.mark(request, marker)  # once more would be the third time
        return None
    if end:
        desk.attempt(end)
    message_id = desk.publish(subject, channels.message(notice), attributes)
    desk.mark(request, marker.model_copy(update={"message_id": message_id}))
    posted = desk.post(channels.chat(notice, message_id), attributes)
    return Told(alert, message_id, posted)


def _object_key(request: AlertRequest) -> str | None:
    match request:
        case UploadDuplicate() | UploadRefused():
            return request.upload.key
        case FileOverdue() | RefreshFailed() | Digest():
            return None
    return request.job.object_key if request.job else None


def _notice(request: AlertRequest, desk: Desk, now: datetime) -> Notice:
    match request:
        case RunCompleted():
            return completed.notice(request, desk.manifests(request), desk.places, now)
        case RunLate():
            return late.notice(request, desk.places, now)
        case RunFailed():
            return failed.notice(request, desk.failure(request, now), desk.places, now)
        case RunRetracted():
            return retracted.notice(request, now)
        case UploadDuplicate():
            return uploads.duplicate(request, now)
        case UploadRefused():
            return uploads.refused(request, now)
        case FileOverdue():
            return daily.overdue(request, now)
        case RefreshFailed():
            return stale.notice(request, now)
        case Digest():
            return daily.digest(request, now)
