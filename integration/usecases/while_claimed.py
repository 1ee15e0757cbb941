"""A claim is good for so long, and nothing leaves after that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from integration.departure import leaving_before
from integration.errors import Retryable


@contextmanager
def while_claimed(send_before: float) -> Iterator[None]:
    """What is sent inside leaves while the claim is good, or not at all.

    :raises Retryable: it is too late already, or became so on the way; nothing has left.
    """
    if time.monotonic() > send_before:
        raise Retryable("the claim was too old to send", retry_after=0.0)
    with leaving_before(send_before):
        yield
