"""`recon resume`: the next attempt at a job that ended badly, on the same chain of claims as the trigger's.

What an earlier attempt finished is not done again: each stage finds its manifest and takes it over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import ValidationError

from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Execution, Pipeline
from services.trigger.intake import Execution as Fate
from shared.intake import Claim
from shared.job_event import JobEvent


class Intake(Protocol):
    """services.trigger.gateway, or a fake of it."""

    def chain(self, profile: str, file_hash: str) -> Sequence[Claim]: ...

    def put_claim(self, claim: Claim) -> None:
        """Leaves a claim of that number that is there already."""
        ...

    def execution(self, job: JobEvent) -> Fate: ...

    def start(self, job: JobEvent) -> Fate: ...


def resume(pipeline: Pipeline, intake: Intake, job: str, output: Output) -> int:
    event = start_next_attempt(pipeline.attempts(job), intake, job)
    output.line(
        f"Execução {event.execution_name} iniciada; acompanhe com: recon show {event.job_id}"
    )
    if output.as_json:
        output.document({"job_id": event.job_id, "execution": event.execution_name})
    return 0


def start_next_attempt(attempts: Sequence[Execution], intake: Intake, job: str) -> JobEvent:
    """attempts: the job's executions, in order. Raises UsageError where there is nothing to resume.

    May be repeated: an attempt that was claimed and never started is started, not followed by another.
    """
    event = _event(_ended_badly(attempts, job))
    chain = intake.chain(event.profile, event.file_hash)
    # A run that was started by hand has no chain: nobody claimed its bytes.
    by_hand = event.model_copy(update={"attempt": len(attempts)})
    following = _claimed(event, chain, intake) if chain else by_hand
    intake.start(following)
    return following


def _claimed(event: JobEvent, chain: Sequence[Claim], intake: Intake) -> JobEvent:
    owner = chain[-1]
    if owner.event.job_id != event.job_id:
        raise UsageError(
            f"O conteúdo de {event.job_id} pertence agora a {owner.event.job_id}.",
            hint=f"Veja o que foi feito dele: recon show {owner.event.job_id}",
        )
    if intake.execution(owner.event) is Fate.NEVER_STARTED:
        return owner.event
    attempt = sum(claim.event.job_id == event.job_id for claim in chain)
    claim = Claim(
        number=owner.number + 1,
        origin="resume",
        event=event.model_copy(update={"attempt": attempt}),
        upload=owner.upload,
    )
    intake.put_claim(claim)
    if claim not in intake.chain(event.profile, event.file_hash):
        raise UsageError(
            f"Outra tentativa de {event.job_id} começou agora mesmo.",
            hint=f"Acompanhe com: recon show {event.job_id}",
        )
    return claim.event


def _ended_badly(attempts: Sequence[Execution], job: str) -> Execution:
    if not attempts:
        raise UsageError(
            f"Não há execução {job!r}.", hint="`recon runs` lista as que existem (por 90 dias)."
        )
    last = attempts[-1]
    if last.status == "RUNNING":
        raise UsageError(
            f"{last.name} ainda está em andamento.", hint=f"Acompanhe com: recon show {job}"
        )
    if last.status == "SUCCEEDED":
        raise UsageError(
            f"{last.name} terminou bem; não há o que retomar.", hint=f"Veja: recon show {job}"
        )
    return last


def _event(last: Execution) -> JobEvent:
    try:
        return JobEvent.model_validate(last.job)
    except ValidationError as error:
        raise UsageError(
            f"{last.name} começou com uma entrada que não é um job válido; não há o que retomar.",
            hint="Inicie uma execução com a entrada corrigida, ou envie o arquivo ao bucket.",
        ) from error
