"""Webhook deliveries: who signed them, when, and what they hint at."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from integration.errors import BackhaulError
from integration.reveni.signature import BadSignature, StaleSignature, sign, verify
from integration.reveni.wire import WebhookEvent

NOW = 1_654_594_965.749773
BODY = b'{"id": "e1"}'
KEYS = ["new-key", "old-key"]


def mac(time: str, key: str = "old-key", body: bytes = BODY) -> str:
    """The contract page's recipe, spelled out once more."""
    return hmac.new(key.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "header",
    [
        sign(BODY, "new-key", now=NOW),
        sign(BODY, "old-key", now=NOW),
        f"t=1654594965.749773,v1={mac('1654594965.749773')}",
        f"t=1654594965,v1={'0' * 64},v1={mac('1654594965')}",
        f" v1={mac('1654594965')} , v0=other,nonsense, t=1654594965 ",
    ],
    ids=["a new key", "an old key", "time as sent", "several signatures", "any order and other schemes"],
)
def test_what_a_key_of_ours_signed_is_accepted(header: str) -> None:
    verify(header, BODY, KEYS, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1654594965",
        f"v1={mac('1654594965')}",
        f"t=1654594965,t=1654594965,v1={mac('1654594965')}",
        f"t=1654594965,v0={mac('1654594965')}",
        f"t=1654594965.0,v1={mac('1654594965')}",
        f"t=1654594965,v1={mac('1654594965', key='other')}",
        f"t=1654594965,v1={mac('1654594965', body=BODY + b' ')}",
        f"t=1654594965,v1={mac('1654594965').upper()}",
        "t=1654594965,v1=ł",
        f"t=soon,v1={mac('soon')}",
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    with pytest.raises(BadSignature):
        verify(header, BODY, KEYS, now=NOW)


@pytest.mark.parametrize("time", ["1654594665", "1654595266", "nan", "inf"])
def test_a_recording_is_refused_and_so_is_the_future(time: str) -> None:
    with pytest.raises(StaleSignature):
        verify(f"t={time},v1={mac(time)}", BODY, KEYS, now=NOW)


@pytest.mark.parametrize("time", ["1654594666", "1654595265"])
def test_a_clock_may_be_five_minutes_off_either_way(time: str) -> None:
    verify(f"t={time},v1={mac(time)}", BODY, KEYS, now=NOW)


def test_nobody_signs_with_no_key() -> None:
    with pytest.raises(BackhaulError):
        verify(sign(BODY, "", now=NOW), BODY, [], now=NOW)


def test_an_event_is_read_as_the_contract_page_shows_it() -> None:
    event = WebhookEvent.model_validate(
        {
            "id": "c6927a921708466da5ed2b4ebadf0bdf",
            "event": "return.updated",
            "created": 1661518366,
            "data": {
                "amount": "76.4800",
                "status": "In_Progress",
                "currency": "EUR",
                "resource": "return",
                "resource_id": "4e26c9f08f2a468fabc16af12ae0209b",
                "object": {"customer": "Zzcanary"},
            },
        }
    )
    assert (event.id, event.event) == ("c6927a921708466da5ed2b4ebadf0bdf", "return.updated")
    assert (event.resource, event.resource_id) == ("return", "4e26c9f08f2a468fabc16af12ae0209b")
    assert event.can_be_kept
    assert "Zzcanary" not in repr(event)
