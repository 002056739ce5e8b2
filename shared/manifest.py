"""What a finished stage leaves: the files it wrote, what it read, and its figures. Written last, once."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from shared.contract import (
    Contract,
    Currency,
    ExecutionName,
    Instant,
    JobId,
    ProfileName,
    Sha256,
    sha256_of,
)
from shared.layout import Stage
from shared.taxonomy import Verdict


class StageFile(Contract):
    """path: relative to the manifest's folder (a reused file of an earlier attempt begins with `../`)."""

    path: str
    sha256: Sha256
    bytes: int = Field(ge=0)
    rows: int | None = Field(default=None, ge=0)


class RecordCounts(Contract):
    """Records of one file; lines = header + skipped + entries + rejected, always."""

    lines: int
    header: int
    skipped: int
    entries: int
    rejected: int
    codes: dict[str, int] = Field(default_factory=dict, description="reject code → records")


class ReferenceFigures(RecordCounts):
    """The reference that an upload was reconciled against, and its records."""

    name: str = Field(description="the object's or file's name")
    sha256: Sha256
    put_at: Instant = Field(description="when it became the reference")
    age_days: int = Field(ge=0, description="whole days from then to the run")


class ValidationFigures(RecordCounts):
    """Records of the upload, and of the reference where the profile has one."""

    stage: Literal[Stage.VALIDATION] = Stage.VALIDATION
    reference: ReferenceFigures | None = None

    @property
    def both(self) -> RecordCounts:
        """Of the upload and the reference together: what the stages after validation get."""
        if self.reference is None:
            return self
        counts = Counter(self.codes) + Counter(self.reference.codes)
        return RecordCounts(
            lines=self.lines + self.reference.lines,
            header=self.header + self.reference.header,
            skipped=self.skipped + self.reference.skipped,
            entries=self.entries + self.reference.entries,
            rejected=self.rejected + self.reference.rejected,
            codes=dict(sorted(counts.items())),
        )


class CurrencyFigures(Contract):
    """Amounts in minor units of the currency; net = total_a - total_b; gross = sum of |difference| over all breaks."""

    currency: Currency
    rows_a: int
    rows_b: int
    total_a: int
    total_b: int
    net: int
    gross: int
    matched_a: int = Field(description="amount of A's matched rows")
    matched_b: int = Field(description="amount of B's matched rows")


class PassFigures(Contract):
    name: str
    matches: int


class BridgeLine(Contract):
    """One line between A and B. `total_a`, `total_b`, `net`, one a class with a difference, `residual` (0)."""

    currency: Currency
    line: str
    label: str
    count: int
    amount: int = Field(description="minor units")


class IdentityCheck(Contract):
    """A conservation identity: what it says, both sides of it, and whether it held."""

    name: str
    expected: str
    found: str
    held: bool


class ReconciliationFigures(Contract):
    stage: Literal[Stage.RECONCILIATION] = Stage.RECONCILIATION
    verdict: Verdict
    result_hash: Sha256
    counts: dict[str, int] = Field(description="class → matches or breaks of that class")
    matches: int
    breaks: int
    pending: int = 0
    material_breaks: int = 0
    currencies: tuple[CurrencyFigures, ...]
    passes: tuple[PassFigures, ...]
    bridge: tuple[BridgeLine, ...]
    identities: tuple[IdentityCheck, ...]
    as_of: date = Field(description="the day that ageing and pending count from")
    engine: str


class QuickSightFigures(Contract):
    stage: Literal[Stage.QUICKSIGHT_PREP] = Stage.QUICKSIGHT_PREP
    verdict: Verdict
    tables: dict[str, int] = Field(description="curated table → rows")
    published: bool = Field(description="false where the key meanwhile held other bytes")


F = TypeVar("F", ValidationFigures, ReconciliationFigures, QuickSightFigures)
Figures = Annotated[
    ValidationFigures | ReconciliationFigures | QuickSightFigures, Field(discriminator="stage")
]


class Manifest(Contract):
    """inputs: name → hash of what was read (`file`, `profile`, a predecessor stage's content)."""

    schema_version: Literal[1] = 1
    job_id: JobId
    execution: ExecutionName
    profile: ProfileName
    started_at: Instant
    finished_at: Instant
    code_version: str
    versions: dict[str, str] = Field(default_factory=dict, description="library → version")
    inputs: dict[str, str]
    files: dict[str, StageFile] = Field(
        description="name in the stage (`entries`, `breaks`, …) → file"
    )
    figures: Figures
    reused_from: ExecutionName | None = Field(
        default=None, description="the attempt that wrote the files"
    )

    @property
    def stage(self) -> Stage:
        return self.figures.stage

    def figures_of(self, kind: type[F]) -> F:
        """The figures as those of one stage. Raises TypeError where the manifest is another stage's."""
        if not isinstance(self.figures, kind):
            raise TypeError(f"a manifest of {self.stage} has no {kind.__name__}")
        return self.figures

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def content_hash(self) -> str:
        """Names what the stage concluded, whichever attempt wrote it: the next stage's input hash."""
        files = {name: file.sha256 for name, file in self.files.items()}
        return sha256_of({"stage": self.stage, "inputs": self.inputs, "files": files})


class StageError(Contract):
    """`<stage>/error.json`: how a job that failed explains itself to people (message and hint in pt-BR)."""

    schema_version: Literal[1] = 1
    job_id: str
    execution: str
    stage: Stage
    code: str
    message: str
    hint: str | None = None
    details: dict[str, Any] = Field(
        default_factory=dict, description="evidence, such as the passes that were done"
    )
    occurred_at: Instant
