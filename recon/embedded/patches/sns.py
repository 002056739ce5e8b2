"""What a task that publishes to a topic may hand over."""

from __future__ import annotations

from typing import Any

from ministack.services import sns

from recon.embedded.patches.replace import replaces


# `sns:publish` takes MessageAttributes as an object by name (developer guide, SNS integration).
# MiniStack knows only the HTTP API's numbered entries, so a filtering subscriber would never hear
# of what a state machine tells.
@replaces(sns, "_parse_message_attributes")
def attributes_by_name(original: Any, request: dict[str, Any]) -> Any:
    given = request.get("MessageAttributes")
    return given if isinstance(given, dict) else original(request)
