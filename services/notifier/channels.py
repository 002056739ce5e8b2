"""One form a channel: subject, e-mail, SMS, and the JSON that every other subscriber gets."""

from __future__ import annotations

import unicodedata

from services.notifier.notice import Notice, plain
from shared.alert import Alert
from shared.contract import canonical_json

_TAGS = {"INFO": "INFO", "WARNING": "AVISO", "CRITICAL": "CRITICO"}
# Outside GSM's basic alphabet: each would cost two characters, or turn the whole SMS into UCS-2.
_SMS_PAIRS = str.maketrans("[]{}", "()()", "`^~|\\")


def subject(notice: Notice) -> str:
    """SNS takes one line of ASCII, shorter than 100."""
    line = f"[{_TAGS[notice.alert.severity]}] {notice.subject}: {notice.headline}"
    return _cut(_ascii(line), 99)


def email(notice: Notice) -> str:
    blocks = [notice.alert.message]
    blocks += ["\n".join((s.title.upper(), *s.lines)) for s in notice.sections if s.lines]
    return "\n\n".join(blocks) + "\n"


def sms(notice: Notice) -> str:
    """One message of 140 characters that any phone shows."""
    line = f"{_TAGS[notice.alert.severity]} {notice.subject}: {notice.headline}"
    return _cut(_ascii(line).translate(_SMS_PAIRS), 140)


def message(notice: Notice) -> str:
    """SNS's `MessageStructure=json`: queues, functions and web hooks get the default."""
    return canonical_json(
        {"default": notice.alert.to_json(), "email": email(notice), "sms": sms(notice)}
    )


def attributes(alert: Alert) -> dict[str, str]:
    """What a subscription's filter policy can ask for. SNS refuses empty ones."""
    values = {
        "kind": alert.kind,
        "severity": alert.severity,
        "status": alert.status,
        "profile": alert.profile,
        "job_id": alert.job_id,
    }
    clean = {name: plain(value or "", 256) for name, value in values.items()}
    return {name: value for name, value in clean.items() if value}


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[: most - 3].rstrip() + "..."


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.replace("–", "-"))
    return plain(folded.encode("ascii", "ignore").decode(), 1000)
