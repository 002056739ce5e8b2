"""What every job needs from its surroundings: arguments, storage by URI, and a stage that is committed once.

A stage writes its files under a folder of its own, then `manifest.json` only if there is none yet: two runs of the same
stage never write into each other, and the first manifest wins.
"""

from __future__ import annotations

import hashlib
import os
import platform
import posixpath
import shutil
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.contract import ExecutionName, JobId, ProfileName
from shared.errors import ArgumentError, ReconError, StageInputError
from shared.layout import MANIFEST, STAGE_ERROR, Stage
from shared.manifest import Figures, Manifest, StageError, StageFile

CODE_VERSION = (
    "4"  # part of every stage's inputs: raise it when the same input must be computed again
)


# Arguments


class JobArguments(BaseModel):
    """`--key value` pairs, all strings as Glue passes them. Unknown ones are tolerated: Glue adds its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: JobId
    execution_name: ExecutionName
    profile: ProfileName = "default"
    output_path: str
    profiles_path: str
    force: bool = False


A = TypeVar("A", bound=JobArguments)


def parse_arguments(argv: Sequence[str], model: type[A]) -> A:
    """Raises ArgumentError naming every argument that is missing or wrong.

    Not argparse: it takes a value such as the object key `--x.csv` for an argument.
    """
    words = iter(argv)
    given: dict[str, str] = {}
    for word in words:
        if word.startswith("--") and word[2:] in model.model_fields:
            given |= {word[2:]: value for value in islice(words, 1)}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"--{e['loc'][0]}: {e['msg']}" for e in error.errors())
        raise ArgumentError(f"Argumentos ausentes ou inválidos: {wrong}") from error


# Storage


class Storage(Protocol):
    """Bytes by URI. Missing objects raise StageInputError."""

    def open(self, uri: str, version: str | None = None) -> BinaryIO: ...

    def put_file(self, uri: str, path: Path) -> None: ...

    def put_once(self, uri: str, body: bytes) -> bool:
        """False where something is there already."""
        ...

    def put(self, uri: str, body: bytes) -> None: ...

    def list(self, uri: str) -> Iterator[str]:
        """Addresses of all that lies under a folder."""
        ...

    def newest_version(self, uri: str) -> str | None:
        """The object's present version id; None where there is no object, or it keeps no versions."""
        ...


class LocalStorage:
    """Folders of this machine; a URI is a path."""

    def open(self, uri: str, version: str | None = None) -> BinaryIO:
        try:
            return Path(uri).open("rb")
        except FileNotFoundError as error:
            raise StageInputError(f"Arquivo não encontrado: {uri}") from error

    def put_file(self, uri: str, path: Path) -> None:
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, uri)

    def put_once(self, uri: str, body: bytes) -> bool:
        # A link appears whole or not at all, and never over another: the local If-None-Match.
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=Path(uri).parent) as draft:
            draft.write(body)
            draft.flush()
            try:
                os.link(draft.name, uri)
            except FileExistsError:
                return False
        return True

    def put(self, uri: str, body: bytes) -> None:
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        Path(uri).write_bytes(body)

    def list(self, uri: str) -> Iterator[str]:
        return (str(path) for path in sorted(Path(uri).rglob("*")) if path.is_file())

    def newest_version(self, uri: str) -> str | None:
        return None


class S3Storage:
    """`s3://bucket/key`."""

    def __init__(self, client: Any) -> None:
        self._s3 = client

    def open(self, uri: str, version: str | None = None) -> BinaryIO:
        pinned = {"VersionId": version} if version else {}
        with _missing_is_an_input_error(uri):
            body = self._s3.get_object(**_address(uri), **pinned)["Body"]
        return cast(BinaryIO, body)

    def put_file(self, uri: str, path: Path) -> None:
        where = _address(uri)
        # Without its type a browser saves a report instead of showing it.
        extra = {"ContentType": "text/html; charset=utf-8"} if path.suffix == ".html" else {}
        self._s3.upload_file(str(path), where["Bucket"], where["Key"], ExtraArgs=extra)

    def put_once(self, uri: str, body: bytes) -> bool:
        from botocore.exceptions import ClientError

        for more_tries in (2, 1, 0):
            try:
                self._s3.put_object(**_address(uri), Body=body, IfNoneMatch="*")
                break
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == 412:
                    return False
                if status != 409 or not more_tries:  # 409: another put has not been decided yet
                    raise
        return True

    def put(self, uri: str, body: bytes) -> None:
        self._s3.put_object(**_address(uri), Body=body)

    def list(self, uri: str) -> Iterator[str]:
        where = _address(uri)
        prefix = where["Key"].rstrip("/") + "/"
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=where["Bucket"], Prefix=prefix
        ):
            for found in page.get("Contents", ()):
                yield f"s3://{where['Bucket']}/{found['Key']}"

    def newest_version(self, uri: str) -> str | None:
        try:
            with _missing_is_an_input_error(uri):
                head = self._s3.head_object(**_address(uri))
        except StageInputError:
            return None
        return cast("str | None", head.get("VersionId"))


class _missing_is_an_input_error:
    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        code = getattr(error, "response", {}).get("Error", {}).get("Code")
        if code in ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404"):
            raise StageInputError(f"Objeto não encontrado: {self._uri}") from error


def _address(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


@cache
def _s3_storage() -> S3Storage:
    import boto3

    return S3Storage(boto3.client("s3"))


def storage(uri: str) -> Storage:
    return _s3_storage() if uri.startswith("s3://") else LocalStorage()


def read(uri: str) -> bytes:
    with storage(uri).open(uri) as body:
        return body.read()


def join(folder: str, path: str) -> str:
    """A path relative to a folder, which may be `s3://…` or local; `..` is resolved."""
    if not folder.startswith("s3://"):
        return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - Path keeps `..`
    where = _address(folder.rstrip("/") + "/")
    return f"s3://{where['Bucket']}/{posixpath.normpath(posixpath.join(where['Key'], path))}"


# A stage

Files = dict[str, StageFile]


@dataclass(frozen=True)
class Produced:
    """A file that a stage has ready on the local disk. name: its key in the manifest."""

    path: Path
    rows: int | None = None


class StageRun:
    """One run of one stage: what it may reuse, what it commits. `root` is the stage's folder."""

    def __init__(
        self, stage: Stage, arguments: JobArguments, now: Callable[[], datetime] | None = None
    ) -> None:
        self.stage = stage
        self.root = arguments.output_path.rstrip("/")
        self._arguments = arguments
        self._now = now or (lambda: datetime.now(UTC))
        self._started_at = self._now()
        self._storage = storage(self.root)

    def reuse(
        self,
        inputs: Mapping[str, str],
        before_commit: Callable[[Files, Figures], Figures] | None = None,
    ) -> Manifest | None:
        """An earlier attempt's result of equal inputs, committed as this attempt's own; None where there is none.

        `before_commit` does what every run must do anew, and may amend the figures.
        """
        if self._arguments.force:
            return None
        for uri in self._manifests():
            earlier = Manifest.from_json(read(uri))
            if earlier.inputs != dict(inputs) or earlier.code_version != CODE_VERSION:
                continue
            back = posixpath.relpath(posixpath.dirname(uri), self.root)
            files = {
                name: file.model_copy(
                    update={"path": posixpath.normpath(posixpath.join(back, file.path))}
                )
                for name, file in earlier.files.items()
            }
            figures = before_commit(files, earlier.figures) if before_commit else earlier.figures
            return self._commit(
                inputs, files, figures, reused_from=earlier.reused_from or earlier.execution
            )
        return None

    def publish(
        self, inputs: Mapping[str, str], produced: Mapping[str, Produced], figures: Figures
    ) -> Manifest:
        """Data first, manifest last. Returns the manifest that counts: another run's, where that was first."""
        folder = uuid.uuid4().hex[:12]
        files = {}
        for name, item in produced.items():
            path = f"{folder}/{item.path.name}"
            self._storage.put_file(join(self.root, path), item.path)
            files[name] = StageFile(
                path=path,
                sha256=hash_file(item.path),
                bytes=item.path.stat().st_size,
                rows=item.rows,
            )
        return self._commit(inputs, files, figures)

    def keep(self, path: Path) -> str:
        """Evidence of a run that fails, for its error to name: no manifest lists it. Where it is."""
        uri = join(self.root, path.name)
        self._storage.put_file(uri, path)
        return uri

    def explain(self, error: ReconError) -> None:
        """Leaves `error.json`, so that people are told what failed in words."""
        report = StageError(
            job_id=self._arguments.job_id,
            execution=self._arguments.execution_name,
            stage=self.stage,
            code=error.error_code,
            message=error.message,
            hint=error.hint,
            details=error.details,
            occurred_at=self._now(),
        )
        self._storage.put(join(self.root, STAGE_ERROR), report.to_json().encode())

    def _commit(
        self,
        inputs: Mapping[str, str],
        files: dict[str, StageFile],
        figures: Figures,
        reused_from: str | None = None,
    ) -> Manifest:
        manifest = Manifest(
            job_id=self._arguments.job_id,
            execution=self._arguments.execution_name,
            profile=self._arguments.profile,
            started_at=self._started_at,
            finished_at=self._now(),
            code_version=CODE_VERSION,
            versions=library_versions(),
            inputs=dict(inputs),
            files=files,
            figures=figures,
            reused_from=reused_from,
        )
        uri = join(self.root, MANIFEST)
        if self._storage.put_once(uri, manifest.to_json().encode()):
            return manifest
        return Manifest.from_json(read(uri))

    def _manifests(self) -> list[str]:
        """Manifests of this stage in all attempts of the job: `<job>/<execution>/<stage>/manifest.json`."""
        job_folder = join(self.root, "../..")
        ending = f"/{self.stage}/{MANIFEST}"
        return [uri for uri in self._storage.list(job_folder) if uri.endswith(ending)]


def predecessor(root: str) -> Manifest:
    """The manifest of the stage before. Raises StageInputError where that stage did not finish, or is of another code:
    what it wrote may mean something else."""
    try:
        manifest = Manifest.from_json(read(join(root, MANIFEST)))
    except StageInputError as error:
        raise StageInputError(
            f"A etapa anterior não terminou: falta {join(root, MANIFEST)}",
            hint="Retome a execução: as etapas concluídas são reaproveitadas.",
        ) from error
    if manifest.code_version != CODE_VERSION:
        raise StageInputError(
            f"A etapa anterior é da versão {manifest.code_version} dos jobs, e esta é da {CODE_VERSION}.",
            hint="Retome a execução: o que outra versão fez é feito de novo.",
        )
    return manifest


def fetch(root: str, file: StageFile, scratch: Path) -> Path:
    """A stage's file on the local disk. Raises StageInputError where its bytes are not those its manifest names."""
    uri = join(root, file.path)
    target = Path(uri)
    if uri.startswith("s3://"):
        target = scratch / f"{file.sha256[:12]}-{posixpath.basename(file.path)}"
        with storage(uri).open(uri) as body, target.open("wb") as copy:
            shutil.copyfileobj(body, copy, 1 << 20)
    elif not target.exists():
        raise StageInputError(f"Arquivo não encontrado: {uri}")
    if hash_file(target) != file.sha256:
        raise StageInputError(f"O conteúdo de {uri} não é o que o manifesto da etapa descreve.")
    return target


def hash_file(path: Path) -> str:
    with path.open("rb") as body:
        return hash_stream(body)


def hash_stream(body: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := body.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


@cache
def library_versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("duckdb", "pyarrow", "sqlglot", "numpy", "holidays")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


# The process


def run_stage(
    stage: Stage, model: type[A], work: Callable[[A, StageRun, Path], Manifest], argv: Sequence[str]
) -> int:
    """Runs a job as Glue does: 0 when its manifest is there, 1 when it failed and said why in `error.json`.

    `work` gets the arguments, the stage and a scratch folder that is removed afterwards. An error that is not ours is
    explained as INTERNAL, and where it was raised goes to the log.
    """
    try:
        arguments = parse_arguments(argv, model)
    except ArgumentError as error:  # where `error.json` would go is among them
        _log(f"{error.error_code}: {error.message}")
        return 1
    run = StageRun(stage, arguments)
    try:
        with tempfile.TemporaryDirectory(prefix=f"{stage}-") as scratch:
            manifest = work(arguments, run, Path(scratch))
    except ReconError as error:
        run.explain(error)
        _log(error.error_code)
        return 1
    except Exception as error:  # noqa: BLE001 - the process ends here: whatever failed is explained and told
        run.explain(
            ReconError(
                f"Falha interna na etapa {stage}: {_kind(error)}",
                hint="Veja o log do job; se persistir, chame a engenharia.",
                code="INTERNAL",
            )
        )
        traceback.print_tb(error.__traceback__)  # the way, without the error's text
        _log(f"INTERNAL: {_kind(error)}")
        return 1
    reused = f" (reaproveitado de {manifest.reused_from})" if manifest.reused_from else ""
    _log(f"{stage}: {join(run.root, MANIFEST)}{reused}")
    return 0


def _kind(error: Exception) -> str:
    """An error's type, and what AWS refused: never its text, which may hold data."""
    refused = getattr(error, "response", {}).get("Error", {}).get("Code")
    name = type(error).__name__
    return f"{name} ({refused} em {getattr(error, 'operation_name', '?')})" if refused else name


def _log(line: str) -> None:
    """Codes and keys only: a message may quote a cell of the file, and lies in `error.json`, not in a log."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
