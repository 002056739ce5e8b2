"""`recon abort`: stops a run that is going on, with its jobs, and waits until that is on the record."""

from __future__ import annotations

from recon.errors import UsageError
from recon.follow import wait_for
from recon.output import Output
from recon.pipeline import Execution, Pipeline, last_of
from recon.resumption import check_reason
from shared.checkpoint import Checkpoint

ERROR = "Aborted"  # what the execution ends with; its cause is the reason that was given
RECORD_SECONDS = 90.0


def abort(
    pipeline: Pipeline, job: str, reason: str, output: Output, seconds: float = RECORD_SECONDS
) -> int:
    """The alert and the checkpoint are the timeout handler's, as for a run that anybody else stopped."""
    check_reason(reason)
    execution = last_of(pipeline.attempts(job), job)
    if execution.status != "RUNNING":
        raise UsageError(
            f"{execution.name} já terminou: {execution.status}.",
            hint=f"Para retirar um resultado: recon retract {execution.job_id} --reason MOTIVO",
        )
    pipeline.stop(execution, ERROR, reason)
    output.line(f"{execution.name} interrompida.")
    checkpoint = wait_for(
        f"o checkpoint de {execution.name}, que parou e será avisada em até 15 minutos",
        lambda: _recorded(pipeline, execution),
        seconds,
        0.5,
    )
    output.line(f"Checkpoint: {checkpoint.state}. Para retomar: {checkpoint.resume}")
    if output.as_json:
        output.document(
            {"execution": execution.name, "checkpoint": checkpoint.model_dump(mode="json")}
        )
    return 0


def _recorded(pipeline: Pipeline, execution: Execution) -> Checkpoint | None:
    found = pipeline.checkpoint(execution.job_id)
    return found if found and found.execution_name == execution.name else None
