"""`recon resume` and `recon rerun`: the next attempt at a job, on the same chain of claims as the trigger's.

Resumed, each stage takes over what an earlier attempt finished; run again, it does everything anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from recon.errors import UsageError
from recon.output import Output
from recon.pipeline import Execution, Pipeline, event_of, last_of
from services.trigger.intake import Execution as Fate
from services.trigger.intake import attempts_of
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
    attempts = pipeline.attempts(job)
    _ended_badly(last_of(attempts, job), job)
    return _started(start_next_attempt(attempts, intake, job, None), output)


def rerun(pipeline: Pipeline, intake: Intake, job: str, reason: str, output: Output) -> int:
    return _started(start_next_attempt(pipeline.attempts(job), intake, job, reason), output)


def _started(event: JobEvent, output: Output) -> int:
    output.line(
        f"Execução {event.execution_name} iniciada; acompanhe com: recon show {event.job_id}"
    )
    if output.as_json:
        output.document({"job_id": event.job_id, "execution": event.execution_name})
    return 0


def start_next_attempt(
    attempts: Sequence[Execution], intake: Intake, job: str, reason: str | None
) -> JobEvent:
    """attempts: the job's executions, in order; reason: why everything is to be done again, None to resume.

    Raises UsageError where no attempt can follow. May be repeated: an attempt that was claimed and never started is
    started, not followed by another.
    """
    last = last_of(attempts, job)
    if last.status == "RUNNING":
        raise UsageError(
            f"{last.name} ainda está em andamento.", hint=f"Acompanhe com: recon show {job}"
        )
    if reason is not None:
        check_reason(reason)
    event = event_of(last).model_copy(update={"force": reason is not None, "reason": reason})
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
    if owner.origin == "retract":
        raise UsageError(
            f"{event.job_id} foi retirado: {owner.event.reason}.",
            hint="O conteúdo está livre: envie o arquivo de novo.",
        )
    if intake.execution(owner.event) is Fate.NEVER_STARTED:
        return owner.event
    attempt = attempts_of(event.job_id, chain)
    claim = Claim(
        number=owner.number + 1,
        origin="rerun" if event.force else "resume",
        event=event.model_copy(update={"attempt": attempt}),
        upload=owner.upload,
    )
    append(claim, intake)
    return claim.event


def append(claim: Claim, intake: Intake) -> None:
    """Raises UsageError where somebody else's claim took the place."""
    intake.put_claim(claim)
    event = claim.event
    if claim not in intake.chain(event.profile, event.file_hash):
        raise UsageError(
            f"Outra tentativa de {event.job_id} começou agora mesmo.",
            hint=f"Acompanhe com: recon show {event.job_id}",
        )


def check_reason(reason: str) -> None:
    """Raises UsageError where it is empty, or longer than a job event keeps."""
    if not 0 < len(reason) <= 500:
        raise UsageError("--reason: de 1 a 500 caracteres.")


def _ended_badly(last: Execution, job: str) -> None:
    if last.status == "SUCCEEDED":
        raise UsageError(
            f"{last.name} terminou bem; não há o que retomar.",
            hint=f"Para processar tudo de novo: recon rerun {job} --reason MOTIVO",
        )
