"""Why a whole file is refused. The code says which fault; the message what was found and expected."""

from __future__ import annotations

from shared.errors import ReconError
from shared.manifest import ValidationFigures

NOTHING = ValidationFigures(lines=0, header=0, skipped=0, entries=0, rejected=0)


class RefusedFileError(ReconError):
    """The file as a whole cannot be read as its profile says. A retry of the same bytes fails too.

    Codes: EMPTY_FILE, NO_DATA_ROWS, HEADER_NOT_FOUND, WRONG_DELIMITER, ENCODING, LINE_TOO_LONG,
    REJECT_RATIO, HASH_MISMATCH; REFERENCE_REFUSED where one of these is the reference's.
    figures: of a file that was read to its end before it was refused.
    """

    code = "REFUSED_FILE"
    figures = NOTHING
