"""The base of every published document and the constrained types its fields are made of."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

# 76 leaves room in an execution name (80) for the attempt's suffix.
JobId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,76}$")]
ExecutionName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,80}$")]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,24}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Instant = AwareDatetime


class Contract(BaseModel):
    """A frozen document. Readers ignore fields they do not know; writers never emit them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_json(self) -> str:
        """The same bytes for the same values: sorted keys, no blanks, absent instead of null."""
        return canonical_json(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return cls.model_validate_json(text)


def canonical_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256_of(value: Any) -> str:
    """SHA-256 (hex) of a JSON value's canonical form."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
