"""One execution through the three jobs, on a folder in the place of `s3://<data>`."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from jobs.profile import load_profile
from jobs.quicksight_prep import curation
from jobs.quicksight_prep.stage import PrepArguments, prepare
from jobs.reconciliation.stage import ReconciliationArguments, run_reconciliation
from jobs.runtime import JobArguments, Produced, StageRun, run_stage
from jobs.validation.acceptance import validate
from shared.identity import day_of
from shared.layout import Stage, curated_key
from shared.manifest import Manifest

ROOT = Path(__file__).parents[2]
JOB = "JOB-20260216-default-0123456789abcdef"
KEY = "2026-02-16/divergente.csv"


@dataclass(frozen=True)
class Run:
    """One execution of a job below `data`, where what it writes lies as in a bucket; it reads a file."""

    data: Path
    source: Path
    scratch: Path
    execution: str = JOB
    version: str = "v1"
    job: str = JOB
    key: str = KEY
    profile: str = "default"
    profiles: Path = ROOT / "profiles"

    def validate(self) -> None:
        arguments = JobArguments.model_validate(self._common(Stage.VALIDATION))
        profile = load_profile(str(self.profiles), self.profile)
        with self.source.open("rb") as source:
            result = validate(source, profile, self.scratch, None)
        files = {"entries": Produced(result.entries), "rejects": Produced(result.rejects)}
        inputs = {"file": result.sha256, "profile": profile.sha256}
        StageRun(Stage.VALIDATION, arguments).publish(inputs, files, result.figures)

    def reconcile(self) -> int:
        argv = _argv(
            self._common(Stage.RECONCILIATION) | {"validated_data_path": self.root("validation")}
        )
        return run_stage(Stage.RECONCILIATION, ReconciliationArguments, run_reconciliation, argv)

    def prepare(self) -> int:
        own = {
            "bucket_name": "ingress",
            "object_key": self.key,
            "object_version": self.version,
            "validated_data_path": self.root("validation"),
            "divergences_path": self.root("reconciliation"),
            "data_path": str(self.data),
        }
        argv = _argv(self._common(Stage.QUICKSIGHT_PREP) | own)
        return run_stage(Stage.QUICKSIGHT_PREP, PrepArguments, prepare, argv)

    def all(self) -> Run:
        self.validate()
        assert self.reconcile() == 0
        assert self.prepare() == 0
        return self

    def root(self, stage: str) -> str:
        return f"{self.data}/runs/{self.job}/{self.execution}/{stage}"

    def manifest(self, stage: Stage = Stage.QUICKSIGHT_PREP) -> Manifest:
        return Manifest.from_json(Path(self.root(stage), "manifest.json").read_bytes())

    def output(self, name: str) -> Path:
        return Path(self.root("quicksight-prep"), self.manifest().files[name].path)

    def curated(self, table: str) -> Path:
        day = day_of(self.job)
        assert day
        return self.data / curated_key(table, day, self.profile, "ingress", self.key)

    def _common(self, stage: Stage) -> dict[str, str]:
        return {
            "job_id": self.job,
            "execution_name": self.execution,
            "profile": self.profile,
            "output_path": self.root(stage),
            "profiles_path": str(self.profiles),
        }


def _argv(arguments: dict[str, str]) -> list[str]:
    return [text for name, value in arguments.items() for text in (f"--{name}", value)]


@dataclass
class Ingress:
    """The bucket that the file came from; it only says which version its key holds now."""

    newest: str | None = None
    content: bytes = b""

    def newest_version(self, uri: str) -> str | None:
        assert uri.startswith("s3://ingress/")
        return self.newest

    def open(self, uri: str, version: str) -> BinaryIO:
        assert version == self.newest
        return BytesIO(self.content)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> Ingress:
    bucket = Ingress()
    local = curation.storage
    monkeypatch.setattr(
        curation, "storage", lambda uri: bucket if uri.startswith("s3://") else local(uri)
    )
    return bucket
