"""What the notifier is told about its surroundings."""

from __future__ import annotations

from shared.settings import EnvironmentSettings


class NotifierSettings(EnvironmentSettings):
    data_bucket: str
    checkpoints_bucket: str
    topic_arn: str
    chat_topic_arn: str
    """Empty where no chat is told."""
