"""The JSON Schemas of the published documents, for whoever reads them without our code.

`make contracts` writes docs/contracts/*.json. A test fails where a model and its file differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shared.alert import ALERT_REQUEST, Alert, AlertMarker
from shared.checkpoint import Checkpoint, FailureReport
from shared.intake import Claim, Receipt
from shared.job_event import JobEvent
from shared.manifest import Manifest, StageError

FOLDER = Path(__file__).parents[2] / "docs" / "contracts"
DOCUMENTS: dict[str, TypeAdapter[Any]] = {
    "alert": TypeAdapter(Alert),
    "alert-marker": TypeAdapter(AlertMarker),
    "alert-request": ALERT_REQUEST,
    "checkpoint": TypeAdapter(Checkpoint),
    "claim": TypeAdapter(Claim),
    "failure-report": TypeAdapter(FailureReport),
    "job-event": TypeAdapter(JobEvent),
    "manifest": TypeAdapter(Manifest),
    "receipt": TypeAdapter(Receipt),
    "stage-error": TypeAdapter(StageError),
}


def schema(name: str) -> str:
    # As a reader checks: what may be absent is not required, what is unknown is allowed.
    document = DOCUMENTS[name].json_schema(mode="validation")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | document, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (FOLDER / f"{name}.json").write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    main()
