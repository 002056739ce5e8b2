"""Waiting for what another process does, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T | None], seconds: float = 60, every: float = 0.1) -> T:
    """What `look` finds. Raises AssertionError where it found nothing in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s")
