"""What the trigger is told about its surroundings. The bucket of an upload comes from its event."""

from __future__ import annotations

from shared.settings import EnvironmentSettings


class TriggerSettings(EnvironmentSettings):
    data_bucket: str
    state_machine_arn: str
    notifier_function: str
    queue_url: str
