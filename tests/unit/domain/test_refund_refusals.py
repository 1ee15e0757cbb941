from __future__ import annotations

import pytest

from integration.domain.orders import Waits
from integration.domain.refund_refusals import meaning_of
from integration.errors import Held


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("The shop does not have a sufficient payable balance for the refund", "insufficient_balance"),
        ("Insufficient funds", "insufficient_balance"),
        ("The order line has not been debited yet", "order_not_debited"),
        ("Refund already in progress", "refund_in_progress"),
        ("The order line was already refunded", "refunded_meanwhile"),
        ("The amount to refund is larger than what is left on the order line", "refunded_meanwhile"),
    ],
)
def test_what_time_or_another_read_settles_waits(message: str, reason: str) -> None:
    means = meaning_of(message)
    assert isinstance(means, Waits)
    assert means.reason == reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("The order is CLOSED and can no longer be refunded", "order_closed"),
        ("The reason 42 is not allowed for a refund by the shop", "illegal_refund_reason"),
        ("Error with field refunds. Please check the field datatype.", "refund_rejected"),
        ("", "refund_rejected"),
    ],
)
def test_everything_else_is_held_with_mirakls_words(message: str, reason: str) -> None:
    means = meaning_of(message)
    assert isinstance(means, Held)
    assert (means.reason, means.detail) == (reason, f"Mirakl refused: {message}")
