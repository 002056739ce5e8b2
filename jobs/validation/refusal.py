"""Why a whole file is refused. The code says which fault; the message what was found and expected."""

from __future__ import annotations

from shared.errors import ReconError


class RefusedFileError(ReconError):
    """The file as a whole cannot be read as its profile says. A retry of the same bytes fails too.

    Codes: EMPTY_FILE, NO_DATA_ROWS, HEADER_NOT_FOUND, WRONG_DELIMITER, ENCODING, LINE_TOO_LONG,
    REJECT_RATIO, HASH_MISMATCH.
    """

    code = "REFUSED_FILE"
