"""The state machine says that a run is out of time: keep where it stood, stop its Glue runs.

The state machine itself tells people next.
"""

from __future__ import annotations

from services.timeout_handler.runs import Outcome, Runs
from shared.checkpoint import FailureReport


def end(report: FailureReport, runs: Runs) -> Outcome:
    # A first attempt is named like its job: so `job_id` alone will do.
    live = runs.live_glue_runs(report.execution_name or report.job_id)
    waiting = ", ".join(run.job for run in live if run.waiting)
    if waiting:
        reason = (
            f"{report.reason or 'Tempo esgotado'}: {waiting} ainda esperava na fila do Glue "
            "(limite de execuções simultâneas)."
        )
        report = report.model_copy(update={"reason": reason})
    location = runs.record(report)
    runs.stop(live)
    return Outcome("timed_out", report.job_id, location, len(live))
