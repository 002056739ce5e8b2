"""Entry point: called by the state machine, by EventBridge and by a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from services.timeout_handler import out_of_time, refresh, status_change, tick
from services.timeout_handler.gateway import Gateway
from services.timeout_handler.runs import Outcome
from services.timeout_handler.settings import TimeoutSettings
from services.timeout_handler.status_change import StatusChange
from services.timeout_handler.tick import Tick
from shared.checkpoint import FailureReport
from shared.observability import logger, metrics, tracer

OCCASION: TypeAdapter[FailureReport | StatusChange | Tick] = TypeAdapter(
    FailureReport | StatusChange | Tick
)


@cache
def gateway() -> Gateway:
    return Gateway.connect(TimeoutSettings.load())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    occasion = OCCASION.validate_python(event)
    match occasion:
        case FailureReport() as report:
            logger.append_keys(job_id=report.job_id)
            outcomes = [out_of_time.end(report, gateway())]
        case StatusChange(detail=detail):
            logger.append_keys(execution_arn=detail.executionArn)
            outcomes = [status_change.settle(detail.executionArn, gateway())]
        case Tick():
            outcomes = tick.search(gateway(), datetime.now(UTC))
    settled(outcomes)
    if isinstance(occasion, Tick) and (data_sets := gateway().data_sets):
        # Last, so that what ails the dashboard hides nothing of what was found before.
        settled(refresh.follow(data_sets, gateway().tell, datetime.now(UTC)))
    return {"checkpoint_location": outcomes[0].checkpoint_location} if outcomes else {}


def settled(outcomes: Sequence[Outcome]) -> None:
    metrics.add_metric("Outcomes", MetricUnit.Count, len(outcomes))
    for outcome in outcomes:
        metrics.add_metric(outcome.outcome.title().replace("_", ""), MetricUnit.Count, 1)
        tracer.put_annotation("job_id", outcome.job_id or "")
        logger.info("settled", **asdict(outcome))
