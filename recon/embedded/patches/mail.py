"""SNS to e-mail: MiniStack only logs that there was one, so nobody could read it. Here it is kept."""

from __future__ import annotations

from collections import deque
from typing import Any

from ministack.services import sns

from recon.embedded.mail import Mail
from recon.embedded.patches.replace import replaces

# Of a long-running `recon up` the newest are enough.
KEPT: deque[Mail] = deque(maxlen=1000)


@replaces(sns, "_fanout")
def keep_mails(
    original: Any,
    topic_arn: str,
    message_id: str,
    message: str,
    subject: str,
    message_structure: str = "",
    message_attributes: dict[str, Any] | None = None,
    **fifo: Any,
) -> None:
    text = sns._resolve_message_for_protocol(message, message_structure, "email")
    for subscription in (sns._topic_by_arn_any_scope(topic_arn) or {}).get("subscriptions", ()):
        if subscription["protocol"] == "email" and sns._matches_filter_policy(
            subscription, message_attributes or {}, text
        ):
            to = subscription["endpoint"]
            KEPT.append(Mail(message_id=message_id, to=to, subject=subject or "", text=text))
    original(topic_arn, message_id, message, subject, message_structure, message_attributes, **fifo)


@replaces(sns, "reset")
def forget_mails_on_reset(original: Any) -> None:
    KEPT.clear()
    original()
