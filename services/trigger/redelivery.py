"""When the queue shows a message again: soon after a failure, and soon after a death that left no time to say so.

The queue's own visibility timeout is six times the function's, as Lambda wants it for messages that wait for a free
function. Once the function has a message that is far too long: an upload's clock runs.
"""

from __future__ import annotations

# Seconds from one attempt to the next. A throttled call is over by the second, a deployment by the third.
PAUSES = (10, 30, 60, 120)
# For Lambda to delete what was taken in.
MARGIN = 10


def while_it_is_taken(remaining_ms: int) -> int:
    """Seconds to hide a message that is being worked on: should the function die, it comes again after them."""
    return remaining_ms // 1000 + MARGIN


def after_a_failure(receives: int, elapsed: float) -> int:
    """Seconds to hide a message that failed. `elapsed` counts: a call that hung has been a pause already."""
    pause = PAUSES[min(receives, len(PAUSES)) - 1]
    return max(0, round(pause - elapsed))
