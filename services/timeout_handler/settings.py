"""What the timeout handler is told about its surroundings."""

from __future__ import annotations

from datetime import time

from shared.settings import EnvironmentSettings


class TimeoutSettings(EnvironmentSettings):
    ingress_bucket: str
    data_bucket: str
    checkpoints_bucket: str
    queue_url: str
    state_machine_arn: str
    notifier_function: str
    glue_jobs: str
    limit_seconds: int
    digest_at: str
    data_sets: str
    refreshes_a_day: int

    @property
    def job_names(self) -> list[str]:
        """GLUE_JOBS, separated by commas."""
        return self.glue_jobs.split(",")

    @property
    def data_set_names(self) -> list[str]:
        """DATA_SETS of QuickSight, separated by commas; empty: there is no QuickSight."""
        return self.data_sets.split(",") if self.data_sets else []

    @property
    def digest_time(self) -> time | None:
        """DIGEST_AT, `HH:MM`; empty: no digest."""
        return time.fromisoformat(self.digest_at) if self.digest_at else None
