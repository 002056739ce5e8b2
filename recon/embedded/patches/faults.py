"""The faults in force, as the client last posted them (see `recon.embedded.faults`)."""

from __future__ import annotations

from typing import Any

from ministack.services import stepfunctions

from recon.embedded.faults import Fault
from recon.embedded.patches.replace import replaces

ACTIVE: list[Fault] = []


def fault_for(state_machine: str, state: str, attempt: int) -> Fault | None:
    return next((f for f in ACTIVE if f.applies_to(state_machine, state, attempt)), None)


@replaces(stepfunctions, "reset")
def forget_faults_on_reset(original: Any) -> None:
    ACTIVE.clear()
    original()
