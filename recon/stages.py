"""`recon validate` and `recon reconcile`: the jobs' own functions on local files, without AWS."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from jobs.profile import Profile
from jobs.runtime import hash_file
from jobs.validation.acceptance import ENTRIES, REJECTS, ValidationResult
from jobs.validation.acceptance import validate as validate_file
from jobs.validation.reference import Reference
from jobs.validation.refusal import RefusedFileError
from recon import figures
from recon.errors import UsageError, reason, said_by_the_system
from recon.local_run import LOCAL_RUN, LocalRun
from recon.output import Output
from recon.profile.chosen import find_profile
from shared import ptbr
from shared.errors import ReconError
from shared.manifest import ValidationFigures
from shared.taxonomy import Verdict

if TYPE_CHECKING:
    from jobs.reconciliation.engine import EngineName

OUT = Path("recon-out")
_PRELIMINARY = "preliminary.parquet"
_RESULTS = [
    # First, for it says that the others are a whole result.
    *(LOCAL_RUN, ENTRIES, REJECTS, _PRELIMINARY),
    *(f"{name}.parquet" for name in ("matches", "breaks", "near", "bridge", "summary")),
]
_UNFINISHED = "recon-unfinished"
"""No dot or underscore before it: Spark overlooks such folders."""
_OTHER_FORM = ("HEADER_NOT_FOUND", "WRONG_DELIMITER")
SHOWN = 10
"""Rejected lines that are told; the file of rejects holds all."""


def validate(
    file: Path, profile: str, reference: Path | None, out: Path | None, output: Output
) -> int:
    # Not where `reconcile` leaves its results: it would begin by removing them.
    out = out or OUT / f"{file.stem}-validation"
    loaded = find_profile(profile)
    given = None
    if loaded.reference and not reference:
        output.line("Sem --reference, só o lado B é lido: o arquivo que se envia.")
    else:
        given = given_reference(loaded, reference)
    with _unfinished_in(out) as new:
        return _validate(file, loaded, given, new, out, output)


def _validate(
    file: Path, profile: Profile, reference: Reference | None, new: Path, out: Path, output: Output
) -> int:
    try:
        result, _ = _validated(file, profile, reference, new, output)
    except RefusedFileError as error:
        return _refused(error, file, out, output)
    _take_place(new, out)
    result = _moved(result, out)
    rows = result.figures
    output.line(f"Arquivo aceito: {figures.note(rows)}")
    for code, count in rows.both.codes.items():
        output.line(f"  {ptbr.number(count):>12}  {code}")
    _show_rejects(result, output)
    output.line(f"Lançamentos em {result.entries}")
    output.line(f"Rejeitados em {result.rejects}")
    if output.as_json:
        output.document(
            {
                "verdict": "accepted",
                "rows": _rows(rows),
                "codes": rows.codes,
                "error": None,
                "entries": str(result.entries),
                "rejects": str(result.rejects),
                **_of_reference(rows),
            }
        )
    return 0


def reconcile(
    file: Path,
    profile: str,
    reference: Path | None,
    out: Path | None,
    engine: EngineName,
    as_of: date | None,
    output: Output,
) -> int:
    out = out or OUT / file.stem
    loaded = find_profile(profile)
    given = given_reference(loaded, reference)
    with _unfinished_in(out) as new:
        return _reconcile(file, loaded, given, new, out, engine, as_of, output)


def _reconcile(
    file: Path,
    loaded: Profile,
    given: Reference | None,
    new: Path,
    out: Path,
    engine: EngineName,
    as_of: date | None,
    output: Output,
) -> int:
    try:
        validation, validation_seconds = _validated(file, loaded, given, new, output)
    except RefusedFileError as error:
        return _refused(error, file, out, output)
    # Slow to import, and neither `validate` nor a refusal needs any of it.
    from jobs.reconciliation.engine import EngineUnavailableError
    from jobs.reconciliation.reconcile import reconcile as reconcile_entries

    began = time.monotonic()
    try:
        with output.step("Conciliação"):
            result = reconcile_entries(
                validation.entries, loaded, new, validation.figures, engine=engine, as_of=as_of
            )
    except EngineUnavailableError as error:
        _tell_earlier(out, output)
        raise UsageError(error.message, hint=error.hint) from error
    except ReconError as error:
        stays = _stopped(new, out)
        preliminary = out / _PRELIMINARY
        if "preliminary" in error.details:
            error.details["preliminary"] = str(preliminary)
        _tell(Verdict.INCOMPLETE, error, validation.figures, output)
        if "preliminary" in error.details:
            output.line(f"O que os passes anteriores conciliaram, sem ser resultado: {preliminary}")
        if stays:
            _tell_earlier(out, output)
        return 1
    seconds = {
        "validation": validation_seconds,
        "reconciliation": round(time.monotonic() - began, 3),
    }
    LocalRun.of(loaded, validation.figures, result.figures).keep(new)
    _take_place(new, out)
    validation = _moved(validation, out)
    files = {"entries": validation.entries, "rejects": validation.rejects}
    files |= {name: out / produced.path.name for name, produced in result.files.items()}
    output.line(figures.note(validation.figures))
    _show_rejects(validation, output)
    for line in figures.verdict_lines(result.figures, validation.figures.both.rejected):
        output.line(line)
    output.line(f"Saídas em {out}")
    output.line(f"A seguir: recon explain {out} LINHA; recon verify {out}")
    if output.as_json:
        output.document(
            {
                **figures.verdict_document(result.figures),
                **_of_reference(validation.figures),
                "seconds": seconds,
                "outputs": {name: str(path) for name, path in files.items()},
            }
        )
    return 0 if result.figures.verdict.agrees else 1


@contextmanager
def _unfinished_in(out: Path) -> Iterator[Path]:
    """Where a result is made: what `out` holds stays until the new one takes its place. Without either, no folder."""
    was_there = out.exists()
    with _alone_in(out):
        new = out / _UNFINISHED
        shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
        try:
            new.mkdir()
            yield new
        finally:
            shutil.rmtree(new, ignore_errors=True)
            if not was_there:
                with suppress(OSError):  # it holds the result
                    out.rmdir()


def _take_place(new: Path, out: Path) -> None:
    for name in _RESULTS:
        (out / name).unlink(missing_ok=True)
    for name in reversed(_RESULTS):
        if (new / name).exists():
            (new / name).replace(out / name)


def _stopped(new: Path, out: Path) -> bool:
    """Whether an earlier reconciliation stays: then only what the passes matched until now comes beside it."""
    if not (out / LOCAL_RUN).is_file():
        _take_place(new, out)
        return False
    (out / _PRELIMINARY).unlink(missing_ok=True)
    if (new / _PRELIMINARY).exists():
        (new / _PRELIMINARY).replace(out / _PRELIMINARY)
    return True


def _moved(result: ValidationResult, out: Path) -> ValidationResult:
    return replace(result, entries=out / ENTRIES, rejects=out / REJECTS)


def _tell_earlier(out: Path, output: Output) -> None:
    """Else it might be taken for that of the run which just failed."""
    if (earlier := out / ENTRIES).is_file():
        made = datetime.fromtimestamp(earlier.stat().st_mtime, UTC)
        output.line(f"O resultado anterior, de {ptbr.moment(made)}, ficou em {out}")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two runs in one folder would read each other's tables. The lock is the folder's own and leaves no file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"A pasta {folder} não pode ser usada: {reason(error)}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"Outra execução está escrevendo em {folder}.",
                hint="Espere por ela, ou diga outra pasta com --out.",
            ) from error
        yield
    finally:
        os.close(descriptor)


def given_reference(profile: Profile, path: Path | None) -> Reference | None:
    """A file becomes the reference by being named. Raises UsageError where the profile does not fit."""
    check_reference(profile, path)
    return Reference(path, path.name, hash_file(path), datetime.now(UTC)) if path else None


def check_reference(profile: Profile, path: Path | None) -> None:
    """Raises UsageError where the profile needs a file and none is named, or the other way round."""
    if profile.reference is None:
        if path:
            raise UsageError(
                f'O perfil {profile.name} não usa referência (layout = "{profile.layout}"): --reference não se aplica.'
            )
        return
    if path is None:
        raise UsageError(
            f"O perfil {profile.name} concilia contra uma referência, que falta.",
            hint="Dê o arquivo do lado A com --reference ARQUIVO.",
        )
    if not path.is_file():
        raise UsageError(f"Arquivo não encontrado: {path}")


def _validated(
    file: Path, profile: Profile, reference: Reference | None, out: Path, output: Output
) -> tuple[ValidationResult, float]:
    began = time.monotonic()
    try:
        source = file.open("rb")
    except FileNotFoundError as error:
        raise UsageError(f"Arquivo não encontrado: {file}") from error
    except OSError as error:
        raise UsageError(said_by_the_system(error)) from error
    with source, output.step("Validação"):
        result = validate_file(source, profile, out, reference=reference)
    return result, round(time.monotonic() - began, 3)


def _show_rejects(validation: ValidationResult, output: Output) -> None:
    rejected = validation.figures.both.rejected
    if not rejected:
        return
    with pq.ParquetFile(validation.rejects) as rejects:
        first = next(rejects.iter_batches(SHOWN, columns=["message"]))
    for message in first["message"].to_pylist():
        output.line(f"    {message}")
    if rejected > SHOWN:
        output.line(f"    … {ptbr.count(rejected, 'linha', 'linhas')} ao todo")


def _rows(rows: ValidationFigures) -> dict[str, int]:
    return rows.model_dump(include={"lines", "header", "skipped", "entries", "rejected"})


def _of_reference(rows: ValidationFigures) -> dict[str, Any]:
    if not (reference := rows.reference):
        return {}
    return {"reference": reference.model_dump(mode="json")}


def _refused(error: RefusedFileError, file: Path, out: Path, output: Output) -> int:
    _tell("refused", error, error.figures, output)
    if error.error_code in _OTHER_FORM:
        output.line(f"Se for um arquivo de outro tipo: recon profile new {file} propõe um perfil")
    _tell_earlier(out, output)
    return 1


def _tell(verdict: str, error: ReconError, rows: ValidationFigures, output: Output) -> None:
    seen = f"\n    {error.quote}" if error.quote else ""
    output.error(f"{error.message} ({error.error_code}){seen}", error.hint)
    if output.as_json:
        counted = {"rows": _rows(rows), "codes": rows.codes, "entries": None, "rejects": None}
        told: dict[str, Any] = {
            "code": error.error_code,
            "message": error.message,
            "hint": error.hint,
        }
        told |= {"details": error.details} if error.details else {}
        told |= {"quote": error.quote} if error.quote else {}
        output.document({"verdict": verdict, **counted, "error": told})
