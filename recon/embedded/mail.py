"""E-mails of the embedded AWS: what a subscriber's mailbox would hold. Both sides read this."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, TypeAdapter

MAIL_PATH = "/_recon/mail"


class Mail(BaseModel):
    """message_id: the topic's, the same for every subscriber of whatever protocol."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    to: str
    subject: str
    text: str


MAILS = TypeAdapter(list[Mail])
