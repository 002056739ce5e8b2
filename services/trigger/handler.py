"""Entry point: a batch of queue messages with S3 events. Each message succeeds, or is delivered again, on its own."""

from __future__ import annotations

import time
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
from botocore.exceptions import BotoCoreError, ClientError

from services.trigger import redelivery
from services.trigger.admission import admit
from services.trigger.gateway import Gateway, UploadQueue
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


@cache
def queue() -> UploadQueue:
    return UploadQueue.connect(TriggerSettings.load())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.monotonic()
    response = process_partial_response(event, take_message, processor, context)
    # A failed message is no error of the function: these metrics are where it shows.
    metrics.add_metric("MessageFailed", MetricUnit.Count, len(response["batchItemFailures"]))
    failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
    for record in map(SQSRecord, event["Records"]):
        if record.message_id in failed:
            give_back(record, time.monotonic() - started)
    return dict(response)


def take_message(record: SQSRecord, lambda_context: LambdaContext) -> None:
    logger.append_keys(message_id=record.message_id, job_id=None, object_key=None)
    hide(record, redelivery.while_it_is_taken(lambda_context.get_remaining_time_in_millis()))
    for entry in read_notification(record.body):
        if isinstance(entry, Ignored):
            logger.info("message ignored", reason=entry.reason, object_key=entry.key)
        else:
            take(entry)


def give_back(record: SQSRecord, elapsed: float) -> None:
    age = time.time() - int(record.attributes.sent_timestamp) / 1000
    metrics.add_metric("FailedMessageAge", MetricUnit.Seconds, age)
    receives = int(record.attributes.approximate_receive_count)
    hide(record, redelivery.after_a_failure(receives, elapsed))


def hide(record: SQSRecord, seconds: int) -> None:
    try:
        queue().hide(record.receipt_handle, seconds)
    except (ClientError, BotoCoreError):
        # It comes again all the same, when the queue's own time is over.
        logger.exception("message not hidden", message_id=record.message_id, seconds=seconds)


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
