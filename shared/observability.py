"""Logger, Tracer and Metrics of every service. Safe at import: none opens a client."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Logger, Metrics, Tracer

# The service name comes from POWERTOOLS_SERVICE_NAME, which the template sets for each function.
logger = Logger()
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics(namespace="Reconciliation")
# An invocation that failed has no outcome to count, and this would be two lines of a log that is JSON.
warnings.filterwarnings("ignore", "No application metrics to publish")
