"""One error tree. What we raise on purpose is a ReconError; all else is a bug and propagates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ReconError(Exception):
    """An expected failure that a person is told about.

    `message` (pt-BR) says what and where, `hint` (pt-BR) what to do; `code`: stable, for machines. `details`: evidence
    as JSON. None of them holds a field of the file: they go into alerts, which more people see than the bucket. `quote`
    (pt-BR) does, for the terminal of whoever has the file.
    """

    code: ClassVar[str] = "RECON_ERROR"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        quote: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.error_code = code or self.code
        self.details = dict(details or {})
        self.quote = quote


class SettingsError(ReconError):
    """The environment lacks variables or holds wrong ones. A retry does not help."""

    code = "SETTINGS"


class UploadKeyError(ReconError):
    """An object key does not name an upload. The upload is refused; a retry does not help."""

    code = "MALFORMED_KEY"


class ArgumentError(ReconError):
    """A job was started with an argument missing or wrong. A retry does not help."""

    code = "ARGUMENT"


class StageInputError(ReconError):
    """What a stage must read is missing or not what it should be. A retry does not help."""

    code = "STAGE_INPUT"
