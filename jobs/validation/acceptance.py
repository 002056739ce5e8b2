"""Whether a file is accepted, and what then is in it: one streaming pass in constant memory."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.profile import FileFormat, Profile
from jobs.validation import shortcut
from jobs.validation.encoding import utf8_chunks
from jobs.validation.header import find_header
from jobs.validation.judgement import Reader, Reject, place
from jobs.validation.records import Block, Grammar, cut
from jobs.validation.reference import Reference
from jobs.validation.refusal import RefusedFileError
from jobs.validation.sorting import Sorted, sort_out
from shared.lines import REFERENCE_BASE
from shared.manifest import RecordCounts, ValidationFigures
from shared.ptbr import count, number

CHUNK = 4 << 20  # bytes read at a time
RECORDS = 1 << 16  # of a block at a time: of short lines, and all of them rejects, it has millions
WAITING = 2  # blocks beside the one being written: bounds memory
ENTRIES = "entries.parquet"
REJECTS = "rejects.parquet"
REJECT_SCHEMA = pa.schema(
    [
        pa.field(f.name, pa.int64() if f.name == "line_no" else pa.string())
        for f in dataclasses.fields(Reject)
    ]
)


@dataclass(frozen=True)
class ValidationResult:
    """What accepted files left. sha256: of the upload's bytes that were read."""

    entries: Path
    rejects: Path
    figures: ValidationFigures
    sha256: str


def validate(
    source: BinaryIO,
    profile: Profile,
    out_dir: Path,
    expected_hash: str | None = None,
    reference: Reference | None = None,
    *,
    chunk: int = CHUNK,
) -> ValidationResult:
    """Writes entries and rejects to `out_dir`: the upload's, then those of the reference where one is given.

    Raises RefusedFileError, and leaves neither there.
    """
    of_reference = profile.reference_file
    if reference and not of_reference:
        raise ValueError(f"{profile.name}, of layout {profile.layout}, with reference {reference}")
    limit = profile.validation.max_reject_ratio
    with _outputs(out_dir) as tables:
        upload, sha256 = _enter(source, profile.upload, tables, limit, expected_hash, chunk=chunk)
        figures = ValidationFigures(**dict(upload))
        if reference and of_reference:
            counts = _enter_reference(reference, of_reference, tables, limit)
            figures = figures.model_copy(update={"reference": reference.figures(counts)})
    return ValidationResult(out_dir / ENTRIES, out_dir / REJECTS, figures, sha256)


def read_reference(path: Path, profile: Profile) -> RecordCounts:
    """As a run will read it, and to no other end. Raises RefusedFileError."""
    if not (file := profile.reference_file):
        raise ValueError(f"{profile.name}, of layout {profile.layout}, has no reference")
    limit = profile.validation.max_reject_ratio
    with (
        TemporaryDirectory() as scratch,
        _outputs(Path(scratch)) as tables,
        path.open("rb") as source,
    ):
        return _enter(source, file, tables, limit)[0]


def _enter_reference(
    reference: Reference, file: FileFormat, tables: _Tables, limit: Decimal
) -> RecordCounts:
    try:
        with reference.path.open("rb") as source:
            counts, _ = _enter(source, file, tables, limit, reference.sha256, REFERENCE_BASE + 1)
    except RefusedFileError as refused:
        raise RefusedFileError(
            f"A referência {reference.name} não serve ({refused.error_code}): {refused.message}",
            hint=f"{refused.hint} A referência se troca com recon reference put.",
            code="REFERENCE_REFUSED",
            quote=refused.quote,
        ) from refused
    return counts


def _enter(
    source: BinaryIO,
    file: FileFormat,
    tables: _Tables,
    limit: Decimal,
    expected_hash: str | None = None,
    first_line: int = 1,
    chunk: int = CHUNK,
) -> tuple[RecordCounts, str]:
    """One file into the tables: its records, and the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    grammar = Grammar(file.csv)
    codes: Counter[str] = Counter()
    entered = 0
    first: Reject | None = None
    entries, rejects = tables
    blocks = cut(utf8_chunks(source, file.csv.encoding, digest, chunk), grammar, first_line)
    reader, skipped, blocks = find_header(blocks, grammar, file)
    lines = 1 + skipped
    for block, found in _in_order(blocks, reader):
        lines += len(block)
        skipped += found.skipped
        entered += len(found.entries)
        codes.update(reject.code for reject in found.rejects)
        entries.write_table(found.entries)
        if found.rejects:
            first = first or found.rejects[0]
            rejects.write_table(_table(found.rejects))
    counts = RecordCounts(
        lines=lines,
        header=1,
        skipped=skipped,
        entries=entered,
        rejected=codes.total(),
        codes=dict(sorted(codes.items())),
    )
    if lines != 1 + skipped + entered + counts.rejected:
        raise RuntimeError(f"records do not add up: {counts}")
    try:
        _accept(counts, limit, first, digest.hexdigest(), expected_hash)
    except RefusedFileError as refused:
        refused.figures = ValidationFigures(**dict(counts))
        raise
    return counts, digest.hexdigest()


def _accept(
    figures: RecordCounts,
    limit: Decimal,
    first: Reject | None,
    sha256: str,
    expected: str | None,
) -> None:
    if expected is not None and sha256 != expected:
        raise RefusedFileError(
            f"O conteúdo lido não é o que a execução declara: o SHA-256 do arquivo é {sha256}, "
            f'e file_hash é "{expected}".',
            hint="O objeto mudou depois do envio, ou a execução foi iniciada à mão com outro hash: "
            f"inicie com file_hash = {sha256}.",
            code="HASH_MISMATCH",
        )
    rows = figures.entries + figures.rejected
    if not rows:
        raise RefusedFileError(
            "O arquivo tem cabeçalho e nenhuma linha de dados "
            f"({count(figures.skipped, 'linha ignorada', 'linhas ignoradas')}).",
            hint="Confira se o período exportado tem lançamentos.",
            code="NO_DATA_ROWS",
        )
    if first and (not figures.entries or figures.rejected > limit * rows):
        tolerated = (
            f"; o perfil tolera até {limit:%}" if figures.entries else ": nenhuma pôde ser lida"
        )
        raise RefusedFileError(
            f"{count(figures.rejected, 'linha rejeitada', 'linhas rejeitadas')} de {number(rows)}"
            f"{tolerated}. A primeira: {place(first.line_no, first.column)} ({first.code}).",
            hint="Corrija o arquivo, ou o perfil se ele descreve outro tipo de arquivo.",
            code="REJECT_RATIO",
            quote=first.message,
        )


def _table(rejects: Sequence[Reject]) -> pa.Table:
    columns = {name: [getattr(r, name) for r in rejects] for name in REJECT_SCHEMA.names}
    return pa.table(columns, REJECT_SCHEMA)


def _in_order(blocks: Iterator[Block], reader: Reader) -> Iterator[tuple[Block, Sorted]]:
    """Sorts blocks out on two threads, in file order, with few of them in memory."""
    pending: deque[tuple[Block, Future[Sorted]]] = deque()
    with ThreadPoolExecutor(2) as pool:
        for block in chain.from_iterable(block.pieces(RECORDS) for block in blocks):
            pending.append((block, pool.submit(sort_out, block, reader)))
            if len(pending) > WAITING:
                ready, future = pending.popleft()
                yield ready, future.result()
        for ready, future in pending:
            yield ready, future.result()


_Tables = tuple[pq.ParquetWriter, pq.ParquetWriter]  # entries and rejects


@contextmanager
def _outputs(folder: Path) -> Iterator[_Tables]:
    """Both files, removed again where the file is refused."""
    paths = folder / ENTRIES, folder / REJECTS
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            pq.ParquetWriter(
                paths[0],
                shortcut.SCHEMA,
                use_dictionary=["side", "account", "posted_on", "value_on", "currency", "kind"],  # type: ignore[arg-type]
                write_statistics=["side", "line_no", "posted_on", "amount", "currency"],
                # Amounts lose a third by it, and it is most of what writing them costs.
                compression={
                    field.name: "none" if pa.types.is_int64(field.type) else "lz4"
                    for field in shortcut.SCHEMA
                },
                store_schema=False,  # readers find texts, encoded or not
                column_encoding={"line_no": "DELTA_BINARY_PACKED"},
                write_batch_size=RECORDS,  # a block at once: by the thousand, as is usual, is a tenth dearer
            ) as entries,
            pq.ParquetWriter(paths[1], REJECT_SCHEMA) as rejects,
        ):
            yield entries, rejects
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
