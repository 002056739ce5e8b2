"""The AWS side of the checkpoint function: built once a container, never at import."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.config import Config

from services.checkpoint.settings import CheckpointSettings
from shared.checkpoint_store import CheckpointStore
from shared.run_store import RunStore

# Inside the function's 40 s, so that a hanging call ends as an error that the log names.
_CLIENTS = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3}
)


@cache
def stores() -> tuple[RunStore, CheckpointStore]:
    settings = CheckpointSettings.load()
    s3 = boto3.client("s3", config=_CLIENTS)
    return RunStore(s3, settings.data_bucket), CheckpointStore(s3, settings.checkpoints_bucket)
