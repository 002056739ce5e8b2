"""Each deployed alarm goes off on its metric, says so on the topic, and recovers.

The embedded AWS evaluates an alarm when its metric is put, by namespace, name, statistic and threshold; it knows
neither dimensions nor what missing data means. Those are in tests/contract/test_template.py.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from recon.embedded.aws import EmbeddedAWS
from recon.embedded.deploy import TEMPLATE, deploy

PERIOD = timedelta(seconds=60)


def test_each_alarm_goes_off_is_told_and_recovers() -> None:
    with EmbeddedAWS() as aws:
        stack = deploy(aws, parameters={"Chat": "yes", "SilenceHours": "1"})
        sqs, cloudwatch = aws.client("sqs"), aws.client("cloudwatch")
        inbox = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]
        aws.client("sns").subscribe(
            TopicArn=stack.topic_arn,
            Protocol="sqs",
            Endpoint=arn["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        assert len(alarms) == TEMPLATE.read_text(encoding="utf-8").count("AWS::CloudWatch::Alarm")

        # So old that it is out of the period a moment later.
        began = datetime.now(UTC) - PERIOD + timedelta(seconds=15)
        for alarm in alarms:
            put(cloudwatch, alarm, bad(alarm), began)
        assert states(cloudwatch) == {alarm["AlarmName"]: "ALARM" for alarm in alarms}
        assert told(sqs, inbox, len(alarms)) == {alarm["AlarmName"] for alarm in alarms}

        time.sleep(max(0, (began + PERIOD - datetime.now(UTC)).total_seconds()) + 1)
        for alarm in alarms:
            put(cloudwatch, alarm, good(alarm), datetime.now(UTC))
        assert states(cloudwatch) == {alarm["AlarmName"]: "OK" for alarm in alarms}


def bad(alarm: dict[str, Any]) -> float:
    return 0 if alarm["ComparisonOperator"] == "LessThanThreshold" else alarm["Threshold"] + 1


def good(alarm: dict[str, Any]) -> float:
    return 1 if alarm["ComparisonOperator"] == "LessThanThreshold" else 0


def put(cloudwatch: Any, alarm: dict[str, Any], value: float, at: datetime) -> None:
    cloudwatch.put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Timestamp": at,
                "Value": value,
            }
        ],
    )


def states(cloudwatch: Any) -> dict[str, str]:
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def told(sqs: Any, inbox: str, count: int) -> set[str]:
    names: list[str] = []
    for _ in range(4 * count):
        got = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in got.get("Messages", ()):
            names.append(json.loads(message["Body"])["AlarmName"])
            sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
        if len(names) >= count:
            break
    assert len(names) == len(set(names))
    return set(names)
