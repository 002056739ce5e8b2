"""What becomes of an upload, so that the same bytes are reconciled once and nobody uploads a file and hears nothing.

Execution names last 90 days and know nothing of other days, so "once" rests on the claims: a chain of records for each
profile and content, whose last one owns the bytes. Pure: the truth table in the tests is this rule, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from services.trigger.notification import Arrival
from shared.intake import Claim, Receipt, Upload, UploadDuplicate, UploadRefused
from shared.job_event import JobEvent


@dataclass(frozen=True)
class Refusal:
    """Why an upload cannot become a run, as people are told it (pt-BR)."""

    code: str
    message: str
    hint: str | None = None
    profile: str | None = None


class Execution(StrEnum):
    """What became of a claim's execution. Step Functions says so, and once it forgot it, the run's last manifest."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    ENDED_BADLY = "ended badly"
    NEVER_STARTED = "never started"
    NAME_TAKEN = "an execution of that name has other bytes"


@dataclass(frozen=True)
class Candidate:
    """found: the job that the upload would be as a first attempt, or its refusal; None until it was examined."""

    arrival: Arrival
    found: JobEvent | Refusal | None = None


@dataclass(frozen=True)
class Acknowledge:
    """The same event again, dealt with before: the only silent end."""

    receipt: Receipt


@dataclass(frozen=True)
class Examine:
    """Look at key, profile and bytes."""


@dataclass(frozen=True)
class Put:
    """Put the claim unless somebody was first; then read the chain again, whoever won."""

    claim: Claim


@dataclass(frozen=True)
class LookUp:
    """Ask what became of the claim's execution."""

    claim: Claim


@dataclass(frozen=True)
class Start:
    """Start the claim's execution with the claim's own input, so that a repeat is harmless."""

    claim: Claim


@dataclass(frozen=True)
class Conclude:
    """Tell, where no run will; then write the receipt, last."""

    receipt: Receipt
    alert: UploadDuplicate | UploadRefused | None = None


Step = Acknowledge | Examine | Put | LookUp | Start | Conclude


def decide(
    upload: Candidate,
    chain: Sequence[Claim],
    receipts: Sequence[Receipt],
    execution: Execution | None,
) -> Step:
    """The next step; what is not known yet is asked for.

    receipts: of this key, oldest written first. execution: of the claim that was looked up or started since the chain
    was read.
    """
    own = next((r for r in receipts if _same(r.upload, upload.arrival.upload)), None)
    if own:
        return Acknowledge(own)
    job = upload.found
    if job is None:
        return Examine()
    if isinstance(job, Refusal):
        return _refuse(upload.arrival, job)

    mine = next((c for c in chain if _same(c.upload, upload.arrival.upload)), None)
    if mine:
        match execution:
            case None | Execution.NEVER_STARTED:
                return Start(mine)
            case Execution.NAME_TAKEN:
                return _refuse(upload.arrival, _name_taken(mine.event))
            case _:
                return Conclude(_receipt_of(upload.arrival, "started", mine))

    if not chain or chain[-1].origin == "retract":
        return Put(_claim(upload.arrival, job, chain))
    owner = chain[-1]
    match execution:
        case None:
            return LookUp(owner)
        case Execution.NEVER_STARTED:
            return Start(owner)
        case Execution.ENDED_BADLY | Execution.NAME_TAKEN:
            return Put(_claim(upload.arrival, job, chain))
        case Execution.RUNNING | Execution.SUCCEEDED if _put_back(upload.arrival, job, receipts):
            return Put(_claim(upload.arrival, job, chain))
        case _:
            return _duplicate(upload.arrival, job, owner, running=execution is Execution.RUNNING)


def _same(one: Upload, other: Upload) -> bool:
    """Whoever sends an event again by hand may not know the size."""
    return (one.bucket, one.key, one.version) == (other.bucket, other.key, other.version)


def _put_back(arrival: Arrival, job: JobEvent, receipts: Sequence[Receipt]) -> bool:
    """Whether the key held something else just before: then these bytes are no longer what its tables show.

    "Before" goes by the events' own times, so that events which overtake each other do not mislead.
    """
    before = [receipt for receipt in receipts if receipt.received_at <= arrival.at]
    before.sort(key=lambda receipt: receipt.received_at)
    return bool(before) and before[-1].file_hash != job.file_hash


def _claim(arrival: Arrival, job: JobEvent, chain: Sequence[Claim]) -> Claim:
    owner = chain[-1] if chain else None
    started: dict[str, object] = {"attempt": attempts_of(job.job_id, chain)}
    if owner and owner.origin == "retract":  # what was wrong with it may lie in a stage's result
        started |= {"force": True, "reason": "reenviado depois de retirado"}
    return Claim(
        number=owner.number + 1 if owner else 0,
        event=job.model_copy(update=started),
        upload=arrival.upload,
    )


def attempts_of(job_id: str, chain: Sequence[Claim]) -> int:
    """How many attempts at a job its bytes' chain holds; a retraction is none."""
    return sum(claim.event.job_id == job_id and claim.origin != "retract" for claim in chain)


def _duplicate(arrival: Arrival, job: JobEvent, owner: Claim, *, running: bool) -> Conclude:
    alert = UploadDuplicate(
        upload=arrival.upload,
        profile=job.profile,
        file_hash=job.file_hash,
        job_id=owner.event.job_id,
        owner=owner.upload,
        running=running,
    )
    return Conclude(_receipt_of(arrival, "duplicate", owner), alert)


def _refuse(arrival: Arrival, refusal: Refusal) -> Conclude:
    alert = UploadRefused(
        upload=arrival.upload,
        profile=refusal.profile,
        code=refusal.code,
        message=refusal.message,
        hint=refusal.hint,
    )
    receipt = Receipt(
        upload=arrival.upload,
        outcome="refused",
        received_at=arrival.at,
        profile=refusal.profile,
        code=refusal.code,
    )
    return Conclude(receipt, alert)


def _name_taken(job: JobEvent) -> Refusal:
    return Refusal(
        "EXECUTION_NAME_TAKEN",
        f"Já existe uma execução {job.execution_name} com outro conteúdo (file_hash diferente); "
        "este arquivo não foi processado.",
        "Envie o arquivo de novo: a nova tentativa terá outro nome. Veja quem iniciou aquela com: "
        f"recon show {job.job_id}",
        job.profile,
    )


def _receipt_of(
    arrival: Arrival, outcome: Literal["started", "duplicate"], owner: Claim
) -> Receipt:
    return Receipt(
        upload=arrival.upload,
        outcome=outcome,
        received_at=arrival.at,
        file_hash=owner.event.file_hash,
        profile=owner.event.profile,
        job_id=owner.event.job_id,
        execution_name=owner.event.execution_name,
    )
