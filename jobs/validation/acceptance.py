"""Whether a file is accepted, and what then is in it: one streaming pass in constant memory."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.profile import Profile
from jobs.validation import shortcut
from jobs.validation.encoding import utf8_chunks
from jobs.validation.header import find_header
from jobs.validation.judgement import Reader, Reject, place
from jobs.validation.records import Block, Grammar, cut
from jobs.validation.refusal import RefusedFileError
from jobs.validation.sorting import Sorted, sort_out
from shared.manifest import ValidationFigures
from shared.ptbr import count, number

CHUNK = 4 << 20  # bytes read at a time
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
    """What an accepted file left. sha256: of the bytes that were read."""

    entries: Path
    rejects: Path
    figures: ValidationFigures
    sha256: str


def validate(
    source: BinaryIO,
    profile: Profile,
    out_dir: Path,
    expected_hash: str | None = None,
    *,
    chunk: int = CHUNK,
) -> ValidationResult:
    """Writes entries and rejects to `out_dir`. Raises RefusedFileError, and leaves neither there."""
    digest = hashlib.sha256()
    grammar = Grammar(profile.csv)
    codes: Counter[str] = Counter()
    entered = 0
    first: Reject | None = None
    with _outputs(out_dir) as (entries, rejects):
        blocks = cut(utf8_chunks(source, profile.csv.encoding, digest, chunk), grammar)
        reader, skipped, blocks = find_header(blocks, grammar, profile)
        lines = 1 + skipped
        for block, found in _in_order(blocks, reader):
            lines += len(block)
            skipped += found.skipped
            entered += len(found.entries)
            codes.update(reject.code for reject in found.rejects)
            entries.write_table(found.entries)
            if found.rejects:
                first = first or found.rejects[0]
                rows = [dataclasses.asdict(reject) for reject in found.rejects]
                rejects.write_table(pa.Table.from_pylist(rows, REJECT_SCHEMA))
        figures = ValidationFigures(
            lines=lines,
            header=1,
            skipped=skipped,
            entries=entered,
            rejected=codes.total(),
            codes=dict(sorted(codes.items())),
        )
        if lines != 1 + skipped + entered + figures.rejected:
            raise RuntimeError(f"records do not add up: {figures}")
        try:
            _accept(figures, profile, first, digest.hexdigest(), expected_hash)
        except RefusedFileError as refused:
            refused.figures = figures
            raise
    return ValidationResult(out_dir / ENTRIES, out_dir / REJECTS, figures, digest.hexdigest())


def _accept(
    figures: ValidationFigures,
    profile: Profile,
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
    limit = profile.validation.max_reject_ratio
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


def _in_order(blocks: Iterator[Block], reader: Reader) -> Iterator[tuple[Block, Sorted]]:
    """Sorts blocks out on two threads, in file order, with few of them in memory."""
    pending: deque[tuple[Block, Future[Sorted]]] = deque()
    with ThreadPoolExecutor(2) as pool:
        for block in blocks:
            pending.append((block, pool.submit(sort_out, block, reader)))
            if len(pending) > WAITING:
                ready, future = pending.popleft()
                yield ready, future.result()
        for ready, future in pending:
            yield ready, future.result()


@contextmanager
def _outputs(folder: Path) -> Iterator[tuple[pq.ParquetWriter, pq.ParquetWriter]]:
    """Both files, removed again where the file is refused."""
    paths = folder / ENTRIES, folder / REJECTS
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            pq.ParquetWriter(
                paths[0],
                shortcut.SCHEMA,
                use_dictionary=["side", "posted_on", "currency", "kind"],  # type: ignore[arg-type]
                write_statistics=["side", "line_no", "posted_on", "amount", "currency"],
                column_encoding={"line_no": "DELTA_BINARY_PACKED"},
            ) as entries,
            pq.ParquetWriter(paths[1], REJECT_SCHEMA) as rejects,
        ):
            yield entries, rejects
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
