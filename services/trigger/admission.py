"""Carries the intake's decisions out: examines an upload, then takes step after step until its receipt is written.

Every step may be repeated, so a death between any two is healed when the queue delivers the event again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

from services.trigger.intake import (
    Acknowledge,
    Candidate,
    Conclude,
    Examine,
    Execution,
    LookUp,
    Put,
    Refusal,
    Start,
    decide,
)
from services.trigger.notification import Arrival
from shared.errors import ReconError, UploadKeyError
from shared.identity import job_id
from shared.intake import Claim, Receipt, Upload, UploadDuplicate, UploadRefused
from shared.job_event import LATEST, JobEvent
from shared.upload_key import parse_upload_key

# Five steps settle an upload; more are needed only while others claim the same bytes at the same moment.
MAX_STEPS = 30


class IntakeUnsettledError(ReconError):
    """The chain of these bytes kept changing under us. A retry helps: the queue delivers the event again."""

    code = "INTAKE_UNSETTLED"


class ArchivedObjectError(ReconError):
    """The object was stored where it cannot be read at once. The upload is refused; a retry does not help."""

    code = "OBJECT_ARCHIVED"


@dataclass(frozen=True)
class Digest:
    sha256: str
    size: int


class Aws(Protocol):
    """The trigger's surroundings: services.trigger.gateway, or a fake of it."""

    def receipts(self, upload: Upload) -> Sequence[Receipt]:
        """This upload's own receipt if there is one, else the latest of its key, oldest written first."""
        ...

    def profiles(self) -> Collection[str]: ...

    def digest(self, arrival: Arrival) -> Digest | None:
        """None: the object, or that version of it, is gone. Raises ArchivedObjectError."""
        ...

    def chain(self, profile: str, file_hash: str) -> Sequence[Claim]: ...

    def put_claim(self, claim: Claim) -> None:
        """Leaves a claim of that number that is there already."""
        ...

    def execution(self, job: JobEvent) -> Execution: ...

    def start(self, job: JobEvent) -> Execution:
        """Starts it, or says what became of the execution that has its name."""
        ...

    def tell(self, alert: UploadDuplicate | UploadRefused) -> None: ...

    def put_receipt(self, receipt: Receipt) -> None:
        """Leaves a receipt of that upload that is there already."""
        ...


@dataclass(frozen=True)
class Outcome:
    name: Literal["started", "duplicate", "refused", "redelivered"]
    receipt: Receipt


def admit(arrival: Arrival, aws: Aws, identified: Callable[[JobEvent], None]) -> Outcome:
    """`identified` is called once the upload's job has a name, before anything is written."""
    receipts = aws.receipts(arrival.upload)
    upload = Candidate(arrival)
    chain: Sequence[Claim] = ()
    execution: Execution | None = None
    for _ in range(MAX_STEPS):
        match decide(upload, chain, receipts, execution):
            case Acknowledge(receipt):
                return Outcome("redelivered", receipt)
            case Examine():
                upload = Candidate(arrival, examine(arrival, aws))
                if isinstance(upload.found, JobEvent):
                    identified(upload.found)
                    chain = aws.chain(upload.found.profile, upload.found.file_hash)
            case Put(claim):
                aws.put_claim(claim)
                chain, execution = aws.chain(claim.event.profile, claim.event.file_hash), None
            case LookUp(claim):
                execution = aws.execution(claim.event)
            case Start(claim):
                execution = aws.start(claim.event)
            case Conclude(receipt, alert):
                if alert:
                    aws.tell(alert)
                aws.put_receipt(receipt)
                return Outcome(receipt.outcome, receipt)
    raise IntakeUnsettledError(
        f"O upload {arrival.upload.key!r} não se decidiu em {MAX_STEPS} passos."
    )


def examine(arrival: Arrival, aws: Aws) -> JobEvent | Refusal:
    """The job that this upload is, or why it is none; reads the object only if its key can name one."""
    try:
        key = parse_upload_key(arrival.upload.key)
        day = key.day_or(arrival.at)
    except UploadKeyError as error:
        return Refusal(error.error_code, error.message, error.hint)
    refusal = _not_csv(key.name, key.profile) or _not_published(key.profile, aws.profiles())
    if refusal:
        return refusal
    try:
        digest = aws.digest(arrival)
    except ArchivedObjectError as error:
        return Refusal(error.error_code, error.message, error.hint, key.profile)
    if digest is None:
        return Refusal(
            "OBJECT_GONE",
            "O arquivo foi apagado antes de ser lido.",
            "Envie o arquivo de novo e mantenha-o no bucket até receber o aviso do resultado.",
            key.profile,
        )
    if digest.size == 0:
        return Refusal(
            "EMPTY_FILE",
            "O arquivo está vazio (zero bytes).",
            "Gere o arquivo de novo, confira o tamanho e reenvie.",
            key.profile,
        )
    return JobEvent(
        job_id=job_id(key.profile, day, digest.sha256),
        bucket_name=arrival.upload.bucket,
        object_key=arrival.upload.key,
        file_hash=digest.sha256,
        object_version=arrival.version_id or LATEST,
        object_size=digest.size,
        profile=key.profile,
    )


_SPREADSHEET = "Abra a planilha e use Salvar como > CSV; depois envie o arquivo .csv."
_ARCHIVE = "Descompacte o arquivo e envie o .csv que está dentro dele."
_WHAT_TO_DO = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"), _SPREADSHEET),
    **dict.fromkeys(
        (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar"), _ARCHIVE
    ),
    ".pdf": "Exporte o extrato em CSV no sistema de origem; um PDF não pode ser lido.",
    "": "Se o conteúdo é CSV, renomeie o arquivo para terminar em .csv e envie de novo.",
}


def _not_csv(name: str, profile: str) -> Refusal | None:
    extension = PurePosixPath(name).suffix.lower()
    if extension == ".csv":
        return None
    hint = _WHAT_TO_DO.get(
        extension, "Exporte em CSV e envie de novo; se o conteúdo já é CSV, renomeie para .csv."
    )
    return Refusal("NOT_CSV", f"{name!r} não é um arquivo .csv.", hint, profile)


def _not_published(profile: str, published: Collection[str]) -> Refusal | None:
    if profile in published:
        return None
    known = ", ".join(sorted(published)) or "nenhum"
    hint = f"Use a pasta de um perfil publicado ({known}) ou publique este com: recon publish"
    return Refusal("UNKNOWN_PROFILE", f"O perfil {profile!r} não existe.", hint, profile)
