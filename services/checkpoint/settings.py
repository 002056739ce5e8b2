"""Where the checkpoint function reads and writes."""

from __future__ import annotations

from shared.settings import EnvironmentSettings


class CheckpointSettings(EnvironmentSettings):
    data_bucket: str
    checkpoints_bucket: str
