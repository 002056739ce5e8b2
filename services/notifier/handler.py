"""Entry point, called by the state machine, the trigger and the timeout handler."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.notifier.alerting import tell
from services.notifier.gateway import Gateway
from services.notifier.settings import NotifierSettings
from shared.alert import ALERT_REQUEST
from shared.observability import logger, metrics, tracer


@cache
def gateway() -> Gateway:
    return Gateway.connect(NotifierSettings.load())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = ALERT_REQUEST.validate_python(event)
    logger.append_keys(job_id=request.job_id, kind=request.kind)
    tracer.put_annotation("job_id", request.job_id or "")
    tracer.put_annotation("profile", request.profile or "")
    told = tell(request, gateway(), datetime.now(UTC))
    if told is None:
        metrics.add_metric("AlertRepeated", MetricUnit.Count, 1)
        logger.info("already told")
        return {"message_id": None}
    metrics.add_metric(f"Alert{told.alert.severity.title()}", MetricUnit.Count, 1)
    if not told.posted:
        metrics.add_metric("ChatFailed", MetricUnit.Count, 1)
    logger.info("told", severity=told.alert.severity, message_id=told.message_id)
    return {"message_id": told.message_id}
