"""Entry point of the checkpoint function, called by the state SaveCheckpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.checkpoint.gateway import stores
from shared.checkpoint import FailureReport
from shared.checkpoint_store import record_failure
from shared.observability import logger, metrics, tracer


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    report = FailureReport.model_validate(event)
    logger.append_keys(job_id=report.job_id)
    tracer.put_annotation("job_id", report.job_id)
    if report.job:
        tracer.put_annotation("profile", report.job.profile)
    runs, checkpoints = stores()
    checkpoint = record_failure(report, runs, checkpoints, datetime.now(UTC))
    metrics.add_metric(name="CheckpointSaved", unit=MetricUnit.Count, value=1)
    location = checkpoints.address(report.job_id)
    logger.info("checkpoint saved", state=checkpoint.state, checkpoint_location=location)
    return {"checkpoint_location": location}
