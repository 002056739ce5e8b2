"""Entry point: a batch of queue messages with S3 events. Each message succeeds, or is delivered again, on its own."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.trigger.admission import admit
from services.trigger.gateway import Gateway
from services.trigger.notification import Arrival, Ignored, read_notification
from services.trigger.settings import TriggerSettings
from shared.job_event import JobEvent
from shared.observability import logger, metrics, tracer

processor = BatchProcessor(
    EventType.SQS,
    raise_on_entire_batch_failure=False,
    logger=logger,  # type: ignore[arg-type] # Powertools' own Logger, which wraps the standard one
)


@cache
def gateway() -> Gateway:
    return Gateway.connect(TriggerSettings.load())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    response = process_partial_response(event, take_message, processor, context)
    # A failed message is no error of the function: this metric is where it shows.
    metrics.add_metric("MessageFailed", MetricUnit.Count, len(response["batchItemFailures"]))
    return dict(response)


def take_message(record: SQSRecord) -> None:
    logger.append_keys(message_id=record.message_id, job_id=None, object_key=None)
    for entry in read_notification(record.body):
        if isinstance(entry, Ignored):
            logger.info("message ignored", reason=entry.reason, object_key=entry.key)
        else:
            take(entry)


@tracer.capture_method(capture_response=False)
def take(arrival: Arrival) -> None:
    logger.append_keys(job_id=None, object_key=arrival.upload.key)
    outcome = admit(arrival, gateway(), identified)
    metrics.add_metric(f"Upload{outcome.name.title()}", MetricUnit.Count, 1)
    known = outcome.receipt.model_dump(
        mode="json", exclude_none=True, exclude={"schema_version", "upload", "outcome"}
    )
    logger.info("upload admitted", outcome=outcome.name, version=arrival.upload.version, **known)


def identified(job: JobEvent) -> None:
    logger.append_keys(job_id=job.job_id)
    tracer.put_annotation("job_id", job.job_id)
    tracer.put_annotation("profile", job.profile)
