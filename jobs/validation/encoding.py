"""The file's bytes as UTF-8, hashed on the way as they were read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from jobs.validation.refusal import RefusedFileError


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


def utf8_chunks(source: BinaryIO, encoding: str, digest: Digest, size: int) -> Iterator[bytes]:
    """Without the byte order mark.

    A byte that the encoding lacks becomes invalid UTF-8, so that its record is rejected like any
    other. Raises RefusedFileError where UTF-16 has no byte order mark or ends in half a character.
    """
    pieces = _hashed_pieces(source, digest, size)
    if encoding in ("utf-8", "utf-8-sig"):
        yield next(pieces, b"").removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise RefusedFileError(
            f"O arquivo não é texto em {encoding}, como o perfil declara: {error}.",
            hint=f"Salve-o como {encoding} ou corrija encoding no perfil.",
            code="ENCODING",
        ) from error


def _hashed_pieces(source: BinaryIO, digest: Digest, size: int) -> Iterator[bytes]:
    piece = source.read(size)
    while len(piece) < len(codecs.BOM_UTF8) and (more := source.read(size)):
        piece += more
    while piece:
        digest.update(piece)
        yield piece
        piece = source.read(size)


def decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(record: bytes, fallback: str | None) -> bytes:
    """A record that is no UTF-8 is read in the fallback. What neither has stays invalid UTF-8."""
    if fallback is None or decodes(record, "utf-8"):
        return record
    return record.decode(fallback, "surrogateescape").encode("utf-8", "surrogatepass")
