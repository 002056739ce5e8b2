"""What a test forces upon a task of the state machine. Both sides read this: the client posts it,
the emulator obeys.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

FAULTS_PATH = "/_recon/faults"


class Fault(BaseModel):
    """Replaces the integration of one task attempt; Arguments, Output, Retry and Catch stay real.

    `attempt` is the state's RetryCount (0 = first try), None = every attempt. `state_machine` None
    = any. The task lasts `seconds`, then fails with `error`, or ends with `result`; with neither it
    calls the real thing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: str
    attempt: int | None = None
    state_machine: str | None = None
    seconds: float = 0
    error: str | None = None
    cause: str | None = ""
    result: Any = None

    def applies_to(self, state_machine: str, state: str, attempt: int) -> bool:
        return (
            self.state == state
            and self.attempt in (None, attempt)
            and self.state_machine in (None, state_machine)
        )


FAULTS = TypeAdapter(list[Fault])
