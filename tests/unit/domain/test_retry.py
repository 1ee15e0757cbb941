from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from integration.domain.retry import RetryPolicy

POLICY = RetryPolicy(first=5, longest=60)


@given(attempt=st.integers(1, 10**6), seed=st.integers())
def test_a_delay_is_never_longer_than_the_longest_nor_shorter_than_half_the_first(attempt: int, seed: int) -> None:
    assert 2.5 <= POLICY.delay(attempt, spread=random.Random(seed)) <= 60  # noqa: S311 (chance, not secrecy)


def test_delays_double_until_they_are_the_longest() -> None:
    class Latest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    assert [POLICY.delay(attempt, spread=Latest()) for attempt in range(1, 7)] == [5, 10, 20, 40, 60, 60]


def test_two_that_fail_together_do_not_come_back_together() -> None:
    spread = random.Random(1)  # noqa: S311 (chance, not secrecy)
    assert len({POLICY.delay(3, spread=spread) for _ in range(20)}) == 20
