"""How a patch is put in: the original's name, then the original itself as the patch's first
argument.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any


def replaces(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    original = getattr(owner, name)  # AttributeError: MiniStack changed

    def install(patch: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def patched(*args: Any, **kwargs: Any) -> Any:
            return patch(original, *args, **kwargs)

        setattr(owner, name, patched)
        return patched

    return install


def in_background(work: Callable[[], None]) -> threading.Thread:
    """A started thread that keeps the request's account and region, which MiniStack carries in
    context variables.
    """
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), daemon=True)
    thread.start()
    return thread
