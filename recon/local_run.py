"""What `recon reconcile` leaves beside its tables: the profile that it used and the figures that it told.

A run of the pipeline has a manifest a stage for this. Without either, nobody could later say whether a result is right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from jobs.profile import Profile
from jobs.runtime import CODE_VERSION
from shared.contract import Contract
from shared.manifest import ReconciliationFigures, ValidationFigures

LOCAL_RUN = "run.json"


class LocalRun(Contract):
    """profile: as its TOML would say it. code_version: of the jobs' code."""

    schema_version: Literal[1] = 1
    code_version: str = "3"  # of those that do not say
    profile: dict[str, Any]
    validation: ValidationFigures
    reconciliation: ReconciliationFigures

    @classmethod
    def of(
        cls, profile: Profile, validation: ValidationFigures, reconciliation: ReconciliationFigures
    ) -> Self:
        document = profile.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return cls(
            code_version=CODE_VERSION,
            profile=document,
            validation=validation,
            reconciliation=reconciliation,
        )

    @property
    def used_profile(self) -> Profile:
        return Profile.model_validate(self.profile)

    def keep(self, folder: Path) -> None:
        (folder / LOCAL_RUN).write_text(self.to_json(), encoding="utf-8")
