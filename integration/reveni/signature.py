"""The signature of Reveni's webhooks: `X-REVENI-SIGNATURE: t=1654594965.749773,v1=<64 hex>`.

HMAC-SHA256 over `t` exactly as sent, a full stop and the raw body, with the store's API key. During a
rotation several keys are in force, and a header may carry several `v1`; other schemes are ignored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from integration.errors import BackhaulError

HEADER = "X-REVENI-SIGNATURE"

TOLERANCE = 300.0
"""Seconds between the signature's clock and ours, either way. Ours to choose: Reveni publishes none."""


class BadSignature(BackhaulError):
    """It was not signed with a key of ours, or not signed at all."""


class StaleSignature(BackhaulError):
    """It was signed with a key of ours, too long ago or too far ahead: a recording, or a wrong clock."""


def verify(header: str | None, body: bytes, keys: Iterable[str], *, now: float, tolerance: float = TOLERANCE) -> None:
    """Accept a delivery, or raise.

    :param body: as received, byte for byte.
    :param now: Unix seconds.
    :raises BadSignature: no `v1` of the header matches under any key.
    :raises StaleSignature: one does, and `t` is further than the tolerance from `now`.
    """
    parts = [part.strip().partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1:
        raise BadSignature("the signature has no time, or several")
    expected = [_mac(times[0], body, key) for key in keys]
    # All pairs are compared, each in constant time, so that timing tells nothing of which key came close.
    matches = [hmac.compare_digest(ours.encode(), theirs.encode()) for ours in expected for theirs in signatures]
    if not any(matches):
        raise BadSignature("no signature matches")
    try:
        age = abs(now - float(times[0]))
    except ValueError:
        raise BadSignature("the signature's time is not a number") from None
    if not age <= tolerance:  # also refuses nan
        raise StaleSignature("the signature's time is too far from ours")


def sign(body: bytes, key: str, *, now: float) -> str:
    """The header for a body that is sent at `now` (Unix seconds)."""
    time = f"{now:.6f}"
    return f"t={time},v1={_mac(time, body, key)}"


def _mac(time: str, body: bytes, key: str) -> str:
    return hmac.new(key.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
