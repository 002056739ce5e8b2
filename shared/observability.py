"""Logger, Tracer and Metrics of every service. Safe at import: none opens a client."""

from __future__ import annotations

import json
import warnings
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer

# What JSON leaves as it is, and many who read lines take for the end of one: an object's name may hold it.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def _one_line(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, default=str, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_LINE_ENDS)


# The service name comes from POWERTOOLS_SERVICE_NAME, which the template sets for each function.
logger = Logger(json_serializer=_one_line)
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics(namespace="Reconciliation")
# An invocation that failed has no outcome to count, and this would be two lines of a log that is JSON.
warnings.filterwarnings("ignore", "No application metrics to publish")
