"""One alert of each kind, as docs/alerts.md lists them: the pages quote them, and subscribers are sent them."""

from __future__ import annotations

from datetime import date, timedelta

from shared.alert import (
    AlertRequest,
    Digest,
    FileOverdue,
    RefreshFailed,
    RunCompleted,
    RunFailed,
    RunLate,
    RunRetracted,
    UploadDuplicate,
    UploadRefused,
)
from shared.checkpoint import ErrorOutput
from shared.intake import Upload
from shared.job_event import JobEvent
from shared.layout import Stage
from shared.manifest import Manifest, StageError
from shared.taxonomy import Verdict
from tests.run_cases import MANIFESTS, NOW, REAIS, RESULT, STAGE_ERROR, manifest

INGRESS = "reconciliation-ingress-123456789012-sa-east-1"
DATA = "reconciliation-data-123456789012-sa-east-1"
MACHINE = "arn:aws:states:sa-east-1:123456789012:execution:reconciliation-pipeline"


def job(profile: str, digits: str, name: str) -> JobEvent:
    return JobEvent(
        job_id=f"JOB-20260216-{profile}-{digits * 2}",
        bucket_name=INGRESS,
        object_key=f"{profile}/2026-02-16/{name}.csv",
        file_hash=digits * 8,
        profile=profile,
    )


AGREED = job("default", "0123abcd", "extrato")
DIVERGENT = job("inter", "4567abcd", "inter-fevereiro")
FAILED = job("itau", "89efabcd", "itau")
_REPEATED = Upload(bucket=INGRESS, key="inter/2026-02-17/copia.csv", version="v2")
_SHEET = Upload(bucket=INGRESS, key="itau/2026-02-16/itau.xlsx", version="v1")


def completed(of: JobEvent) -> RunCompleted:
    return RunCompleted(
        job=of, execution_arn=f"{MACHINE}:{of.job_id}", execution_name=of.execution_name
    )


def of_run(found: Manifest, of: JobEvent) -> Manifest:
    return found.model_copy(
        update={"job_id": of.job_id, "execution": of.execution_name, "profile": of.profile}
    )


MANIFESTS_OF: dict[str, dict[Stage, Manifest]] = {
    AGREED.job_id: {stage: of_run(found, AGREED) for stage, found in MANIFESTS.items()},
    DIVERGENT.job_id: {
        stage: of_run(found, DIVERGENT)
        for stage, found in {
            **MANIFESTS,
            Stage.RECONCILIATION: manifest(
                RESULT.model_copy(
                    update={
                        "verdict": Verdict.DIVERGENT,
                        "matches": 2,
                        "breaks": 3,
                        "material_breaks": 3,
                        "counts": {"matched_exact": 2, "ambiguous": 2, "missing_in_b": 1},
                        "currencies": (
                            REAIS.model_copy(
                                update={"total_b": 310_022, "net": 121_000, "gross": 121_000}
                            ),
                        ),
                    }
                )
            ),
        }.items()
    },
}
STAGE_ERRORS: dict[str, StageError] = {
    FAILED.job_id: STAGE_ERROR.model_copy(
        update={"job_id": FAILED.job_id, "execution": FAILED.execution_name}
    )
}

# In the order of the page's table.
EXAMPLES: tuple[AlertRequest, ...] = (
    completed(AGREED),
    completed(DIVERGENT),
    RunFailed(
        job_id=FAILED.job_id,
        job=FAILED,
        status="FAILED",
        state="ValidateCSV",
        error=ErrorOutput(
            Error="States.TaskFailed", Cause='{"JobRunState":"FAILED","ErrorMessage":"exit 1"}'
        ),
        execution_arn=f"{MACHINE}:{FAILED.job_id}",
        execution_name=FAILED.execution_name,
        checkpoint_location="s3://reconciliation-checkpoints-123456789012-sa-east-1/"
        f"{FAILED.job_id}/checkpoint.json",
    ),
    RunLate(
        job_id=DIVERGENT.job_id,
        job=DIVERGENT,
        state="ReconcileData",
        minutes=18,
        ends_at=NOW + timedelta(minutes=2),
        execution_arn=f"{MACHINE}:{DIVERGENT.job_id}",
        execution_name=DIVERGENT.execution_name,
    ),
    RunRetracted(job=DIVERGENT, execution_name=DIVERGENT.execution_name, removed=5),
    UploadDuplicate(
        upload=_REPEATED,
        profile="inter",
        file_hash=DIVERGENT.file_hash,
        job_id=DIVERGENT.job_id,
        owner=_REPEATED.model_copy(update={"key": DIVERGENT.object_key, "version": "v1"}),
        running=False,
    ),
    UploadRefused(
        upload=_SHEET,
        profile="itau",
        code="NOT_CSV",
        message="itau.xlsx é uma planilha.",
        hint="No Excel, salve como CSV UTF-8 e envie de novo.",
    ),
    FileOverdue(profile="bradesco", day=date(2026, 2, 16), by="09:00"),
    RefreshFailed(
        day=date(2026, 2, 16),
        ingestion_id="refresh-20260216T1400Z",
        started_at=NOW - timedelta(minutes=30),
        reasons={"reconciliation-qs-breaks": "SOURCE_RESOURCE_LIMIT_EXCEEDED"},
    ),
    Digest(
        day=date(2026, 2, 16),
        until=NOW,
        verdicts={"conciliado": 1, "divergente": 1},
        failures={"FAILED": 1},
        running=0,
        overdue=("bradesco",),
    ),
)
