"""One small run with known figures, for whoever must tell of it, keep it, or find it in S3."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from shared.checkpoint import ErrorOutput, FailureReport
from shared.job_event import JobEvent
from shared.layout import Stage
from shared.manifest import (
    CurrencyFigures,
    Figures,
    Manifest,
    PassFigures,
    QuickSightFigures,
    ReconciliationFigures,
    StageError,
    StageFile,
    ValidationFigures,
)
from shared.taxonomy import Verdict

NOW = datetime(2026, 2, 16, 14, 32, 5, tzinfo=UTC)
JOB = JobEvent(
    job_id="JOB-20260216-default-0123456789abcdef",
    bucket_name="reconciliation-ingress",
    object_key="2026-02-16/extrato.csv",
    file_hash="0123456789abcdef" * 4,
)
EXECUTION_ARN = (
    f"arn:aws:states:sa-east-1:123456789012:execution:reconciliation-pipeline:{JOB.job_id}"
)
VALIDATION = ValidationFigures(lines=7, header=1, skipped=0, entries=6, rejected=0)
REAIS = CurrencyFigures(
    currency="BRL",
    rows_a=3,
    rows_b=3,
    total_a=431_022,
    total_b=431_022,
    net=0,
    gross=0,
    matched_a=431_022,
    matched_b=431_022,
)
RESULT = ReconciliationFigures(
    verdict=Verdict.AGREED,
    result_hash="ab" * 32,
    counts={"matched_exact": 3},
    matches=3,
    breaks=0,
    currencies=(REAIS,),
    passes=(PassFigures(name="exato", matches=3),),
    bridge=(),
    identities=(),
    as_of=date(2026, 2, 16),
    engine="duckdb",
)
PREPARED = QuickSightFigures(
    verdict=Verdict.AGREED,
    tables={"breaks": 0},
    published=True,
)


def manifest(figures: Figures, seconds: float = 2) -> Manifest:
    return Manifest(
        job_id=JOB.job_id,
        execution=JOB.execution_name,
        profile=JOB.profile,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=seconds),
        code_version="1",
        inputs={},
        files={
            "report": StageFile(path="0a1b2c/report.html", sha256="cd" * 32, bytes=9),
            "entries": StageFile(path="0a1b2c/entries.parquet", sha256="ef" * 32, bytes=9),
        },
        figures=figures,
    )


MANIFESTS = {figures.stage: manifest(figures) for figures in (VALIDATION, RESULT, PREPARED)}
STAGE_ERROR = StageError(
    job_id=JOB.job_id,
    execution=JOB.execution_name,
    stage=Stage.VALIDATION,
    code="WRONG_DELIMITER",
    message="O arquivo tem 1 coluna; eram esperadas 7.",
    hint="Ele parece separado por ';': use um perfil com delimiter = \";\".",
    occurred_at=NOW,
)
GLUE_CAUSE = (
    '{"JobName":"reconciliation-reconciliation","Id":"jr_1","JobRunState":"FAILED",'
    '"ErrorMessage":"Command failed with exit code 137"}'
)
REPORT = FailureReport(
    job_id=JOB.job_id,
    state="ReconcileData",
    error=ErrorOutput(Error="States.TaskFailed", Cause=GLUE_CAUSE),
    execution_arn=EXECUTION_ARN,
    execution_name=JOB.execution_name,
    job=JOB,
)
