"""What a queue message from S3 says: which uploads arrived, and what in it is none of our business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus

from pydantic import AwareDatetime, BaseModel, TypeAdapter

from shared.intake import Upload


@dataclass(frozen=True)
class Arrival:
    """version_id: the S3 version to read; None in a bucket without versions, where the sequencer names the upload."""

    upload: Upload
    at: AwareDatetime
    version_id: str | None


@dataclass(frozen=True)
class Ignored:
    """No upload: acknowledged, and nobody is told."""

    reason: Literal["s3:TestEvent", "folder marker", "not a creation"]
    key: str | None = None


def read_notification(body: str) -> list[Arrival | Ignored]:
    """Raises pydantic's ValidationError on anything that S3 does not send: it ends in the dead-letter queue."""
    message = _MESSAGE.validate_json(body)
    if isinstance(message, _TestEvent):
        return [Ignored("s3:TestEvent")]
    return [_entry(record) for record in message.Records]


def _entry(record: _Record) -> Arrival | Ignored:
    item = record.s3.object
    key = unquote_plus(item.key)
    if not record.eventName.removeprefix("s3:").startswith("ObjectCreated:"):
        return Ignored("not a creation", key)
    if key.endswith("/"):
        return Ignored("folder marker", key)
    # A bucket with versioning suspended calls each of its versions "null".
    version_id = None if item.versionId in (None, "", "null") else item.versionId
    upload = Upload.model_validate(
        {
            "bucket": record.s3.bucket.name,
            "key": key,
            "version": version_id or item.sequencer,
            "size": item.size,
        }
    )
    return Arrival(upload, record.eventTime, version_id)


class _Object(BaseModel):
    key: str
    sequencer: str | None = None
    size: int | None = None
    versionId: str | None = None


class _Bucket(BaseModel):
    name: str


class _Entity(BaseModel):
    bucket: _Bucket
    object: _Object


class _Record(BaseModel):
    eventName: str
    eventTime: AwareDatetime
    s3: _Entity


class _Notification(BaseModel):
    Records: list[_Record]


class _TestEvent(BaseModel):
    """Sent once, when the bucket's notification is configured."""

    Event: Literal["s3:TestEvent"]


_MESSAGE: TypeAdapter[_Notification | _TestEvent] = TypeAdapter(_Notification | _TestEvent)
