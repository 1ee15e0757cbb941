"""Signed bodies of any shape and headers of any kind: stored or refused, on either database, and never a 500."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from integration.ledger.tables import EventRow, Intent
from integration.reveni.signature import HEADER, sign
from integration.reveni.wire import LONGEST_ID
from tests.unit.web.running import KEY, RunningWeb, an_event, promises, stored_events

# JSON as text: what no Python value is written as is sent too.
NUMBERS = st.sampled_from(
    ["0", "-1", "1e400", "-1e400", "1e9999999999999999999", "1.5", "NaN", "-Infinity", "9" * 4_400, "9" * 300, "1e-999"]
)
WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "nul\x00", "\ud800", "\udfff\ud800", "é", "\u202e", "line\nbreak", "r" * LONGEST_ID]),
    st.integers(LONGEST_ID + 1, 600).map(lambda size: "x" * size),
)
PLAIN = st.one_of(st.sampled_from(["null", "true", "false"]), NUMBERS, WORDS.map(json.dumps))
ANY = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]"),
        st.dictionaries(WORDS.map(json.dumps), inner, max_size=3).map(
            lambda parts: "{" + ",".join(f"{key}:{value}" for key, value in parts.items()) + "}"
        ),
    ),
    max_leaves=6,
)
# Control characters in a header are malformed HTTP: Tornado hangs up, and the sender may never read why.
LATIN = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Accept", "X-Forwarded-For", "Cookie", "Expect", "X-Odd"]),
    LATIN,
    max_size=3,
)
SIGNATURES = st.one_of(
    st.none(), LATIN, st.sampled_from(["t=1e400,v1=00", "t=nan,v1=00", "t=١,v1=é".encode().decode("latin-1")])
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """An event of which some parts are odd, or missing, or twice; or anything else."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.one_of(ANY.map(str.encode), st.binary(max_size=50)))
    plain = an_event()
    data = {name: json.dumps(value) for name, value in plain.pop("data").items()}
    whole = {name: json.dumps(value) for name, value in plain.items()}
    for part in (whole, data):
        for name in draw(st.lists(st.sampled_from(sorted(part)), max_size=2)):
            part[name] = draw(ANY)
    whole["data"] = draw(st.one_of(st.just(_object(data)), ANY)) if draw(st.booleans()) else _object(data)
    return _object(whole).encode()


def _object(parts: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}": {value}' for name, value in parts.items()) + "}"


def odd(**changes: str) -> bytes:
    """The documented body with raw JSON in some places."""
    text = json.dumps(an_event(**dict.fromkeys(changes, "ODD")))
    for value in changes.values():
        text = text.replace('"ODD"', value, 1)
    return text.encode()


def test_whatever_is_sent_is_stored_or_refused(database_url: str) -> None:
    """X5: an odd `created`, id or header is stored or refused with a 4xx; on both databases, and never a 500."""
    engine = make_engine(database_url)
    ledger = Ledger(engine, shop="default", who="web")
    with RunningWeb(ledger) as web:
        connection = http.client.HTTPConnection(*web.address, timeout=20)

        @settings(suppress_health_check=[HealthCheck.too_slow])
        @example(odd(created="1e400"), {}, None, True)
        @example(odd(created="1e9999999999999999999"), {}, None, True)
        @example(odd(created="-99999999999999999"), {}, None, True)
        @example(odd(created="[1]"), {}, None, True)
        @example(odd(created='"0001-01-01T00:00:00+01:00"'), {}, None, True)
        @example(odd(created="true", status='{"a": 1}'), {}, None, True)
        @example(odd(id='"nul\\u0000"'), {}, None, True)
        @example(odd(resource_id='"\\ud800"'), {}, None, True)
        @example(odd(event=f'"{"x" * 256}"'), {}, None, True)
        @given(events(), HEADERS, SIGNATURES, st.booleans())
        def deliver(body: bytes, headers: dict[str, str], signature: str | None, signed: bool) -> None:
            sent: dict[str, Any] = {name: value.encode("latin-1") for name, value in headers.items()}
            if signed or signature is not None:
                header = sign(body, KEY, now=time.time()) if signed else signature or ""
                sent[HEADER] = header.encode("latin-1")
            connection.close()  # what is malformed is answered once
            connection.request("POST", "/webhooks/reveni", body, sent)
            answer = connection.getresponse()
            assert answer.status in {202, 400, 401, 413}, str(answer.status)
            answer.read()

        deliver()
        connection.close()
        assert web.deliver(an_event(id="the last one")).status_code == 202
    assert "the last one" in {row.event_id for row in stored_events(ledger)}
    assert {intent.subject for intent in promises(ledger)} == {row.event_id for row in stored_events(ledger)}
    engine.dispose()


def test_odd_moments_do_not_keep_an_event_out(web: RunningWeb, ledger: Ledger) -> None:
    """X5: nothing is decided by an event's `created` or `status`, so nothing they say refuses it."""
    for number, moment in enumerate(["1e400", "-1", "99999999999999999999", "[1]", '"yesterday"', "{}"]):
        assert web.deliver(odd(id=f'"e{number}"', created=moment)).status_code == 202
    assert len(stored_events(ledger)) == 6


def test_an_id_is_as_long_as_its_column_and_no_longer() -> None:
    """X5: the bound of the wire is the bound of the columns."""
    columns = [EventRow.__table__.c[name] for name in ("event_id", "event", "resource_id")]
    assert {column.type.length for column in [*columns, Intent.__table__.c.subject]} == {LONGEST_ID}  # type: ignore[attr-defined]
