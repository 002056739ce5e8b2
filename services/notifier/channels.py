"""One form a channel: subject, e-mail, SMS, chat, and the JSON that every other subscriber gets."""

from __future__ import annotations

import unicodedata

from services.notifier.notice import DO, RUN, Notice, plain
from shared.alert import Alert
from shared.contract import canonical_json

_TAGS = {"INFO": "INFO", "WARNING": "AVISO", "CRITICAL": "CRITICO"}
# Outside GSM's basic alphabet: each would cost two characters, or turn the whole SMS into UCS-2.
_SMS_PAIRS = str.maketrans("[]{}", "()()", "`^~|\\")
# What a chat reads as a mention, a link of another text, or code: a file may be called <!channel>.
_CHAT_PAIRS = str.maketrans("<>@`", "‹›＠'")
_CHAT_TEXT = 2900  # no limit is documented; Slack's own for a block of text is 3,000


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


def chat(notice: Notice, message_id: str) -> str:
    """The custom notification of Amazon Q Developer in chat applications (once AWS Chatbot)."""
    alert = notice.alert
    title = f"[{_TAGS[alert.severity]}] {notice.subject}: {notice.headline}"
    told = [s for s in notice.sections if s.lines and s.title not in (DO, RUN)]
    text = "\n\n".join("\n".join((f"*{s.title}*", *s.lines)) for s in told)
    steps = [line for s in notice.sections if s.title == DO for line in s.lines]
    return canonical_json(
        {
            "version": "1.0",
            "source": "custom",
            "id": message_id,
            "content": {
                "textType": "client-markdown",
                "title": _tame(title, 250),
                "description": _lines(_tame(alert.message, 250), text.translate(_CHAT_PAIRS)),
                "nextSteps": [
                    f"`{_tame(line, 500)}`" if line.startswith(" ") else _tame(line, 500)
                    for line in steps
                ],
                "keywords": [alert.severity, alert.kind],
            },
            "metadata": {
                "threadId": plain(alert.job_id or alert.profile or alert.kind, 80),
                "summary": _tame(notice.headline, 250),
                "eventType": alert.kind,
                "additionalContext": attributes(alert),
            },
        }
    )


def _tame(text: str, most: int) -> str:
    return plain(text.translate(_CHAT_PAIRS), most)


def _lines(first: str, text: str) -> str:
    """Whole lines, as many as a chat shows; what is left out is in the other forms."""
    whole = f"{first}\n\n{text}".rstrip()
    if len(whole) <= _CHAT_TEXT:
        return whole
    return whole[:_CHAT_TEXT].rpartition("\n")[0].rstrip() + "\n…"


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
    """Between words, unless the last one is all there is."""
    if len(line) <= most:
        return line
    head = line[: most - 3]
    whole = head if line[most - 3] == " " else head.rpartition(" ")[0] or head
    return whole.rstrip() + "..."


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.replace("–", "-"))
    return plain(folded.encode("ascii", "ignore").decode(), 1000)
