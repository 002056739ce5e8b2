from __future__ import annotations

import pytest

from services.trigger.redelivery import after_a_failure, while_it_is_taken


@pytest.mark.parametrize(
    ("receives", "elapsed", "seconds"),
    [(1, 0.2, 10), (2, 0, 30), (3, 0, 60), (4, 0, 120), (5, 0, 120), (40, 0, 120)],
)
def test_each_failure_is_followed_by_a_longer_pause(
    receives: int, elapsed: float, seconds: int
) -> None:
    assert after_a_failure(receives, elapsed) == seconds


@pytest.mark.parametrize(("elapsed", "seconds"), [(7, 3), (10, 0), (119, 0)])
def test_an_attempt_that_took_long_has_been_its_own_pause(elapsed: float, seconds: int) -> None:
    assert after_a_failure(1, elapsed) == seconds


def test_a_message_comes_again_only_after_the_function_that_has_it_is_dead() -> None:
    assert while_it_is_taken(remaining_ms=119_700) == 129
