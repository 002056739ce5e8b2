"""Tells each thing once: looks for the marker, publishes, leaves the marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.notifier import channels, completed, daily, failed, late, uploads
from services.notifier.notice import Notice
from shared.alert import (
    Alert,
    AlertMarker,
    AlertRequest,
    Digest,
    FileOverdue,
    RunCompleted,
    RunFailed,
    RunLate,
    UploadDuplicate,
    UploadRefused,
)
from shared.checkpoint import Failure
from shared.layout import Stage
from shared.manifest import Manifest


class Desk(Protocol):
    def was_told(self, request: AlertRequest) -> bool: ...

    def manifests(self, request: RunCompleted) -> Mapping[Stage, Manifest]:
        """Those that are there and can be read."""
        ...

    def failure(self, request: RunFailed, now: datetime) -> Failure: ...

    def address(self, key: str) -> str:
        """A key of the data bucket as s3:// address."""
        ...

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str: ...

    def mark(self, request: AlertRequest, marker: AlertMarker) -> None: ...


@dataclass(frozen=True)
class Told:
    alert: Alert
    message_id: str


def tell(request: AlertRequest, desk: Desk, now: datetime) -> Told | None:
    """None where it was told before."""
    if desk.was_told(request):
        return None
    notice = _notice(request, desk, now)
    subject = channels.subject(notice)
    alert = notice.alert
    message_id = desk.publish(subject, channels.message(notice), channels.attributes(alert))
    desk.mark(
        request,
        AlertMarker(
            kind=alert.kind,
            severity=alert.severity,
            subject=subject,
            message_id=message_id,
            published_at=now,
        ),
    )
    return Told(alert, message_id)


def _notice(request: AlertRequest, desk: Desk, now: datetime) -> Notice:
    match request:
        case RunCompleted():
            return completed.notice(request, desk.manifests(request), desk.address, now)
        case RunLate():
            return late.notice(request, now)
        case RunFailed():
            return failed.notice(request, desk.failure(request, now), now)
        case UploadDuplicate():
            return uploads.duplicate(request, now)
        case UploadRefused():
            return uploads.refused(request, now)
        case FileOverdue():
            return daily.overdue(request, now)
        case Digest():
            return daily.digest(request, now)
