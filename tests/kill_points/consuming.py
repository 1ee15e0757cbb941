"""The step at which a worker's main process dies with a message that the broker has given away already.

kombu pops a message (BRPOP) and writes it down as unacknowledged in a second command, so that between the two it is in
nobody's memory but this process's. The worker dies there with the refund whose order line is named for the step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.kill_points.deaths import around, die_at

BEFORE_THE_NOTE = "message-before-its-note"


def append(original: Callable[..., Any], qos: Any, message: Any, tag: str) -> None:
    """kombu's second command."""
    ours = message.headers["task"] == "refund.push_refund" and _order_line_of(message) == BEFORE_THE_NOTE
    # Were the message still somewhere, nobody would die, and the test would find that out.
    if ours and not _is_in_the_broker(tag):
        die_at(BEFORE_THE_NOTE)
    original(qos, message, tag)


def _order_line_of(message: Any) -> str:
    from integration.ledger.intents import get
    from integration.settings import Settings
    from integration.wiring import make_ledger

    _, named, _ = json.loads(message.body)
    ledger = make_ledger(Settings.load(), who="test")
    with ledger.read() as tx:
        intent = get(tx, UUID(named["intent_id"]))
    ledger.engine.dispose()  # the pool's processes are forked from this one
    return intent.subject.split("/")[1] if intent is not None else ""


def _is_in_the_broker(tag: str) -> bool:
    """Whether any queue, or the table of unacknowledged messages, holds the message with this tag."""
    from redis import Redis

    from integration.settings import Settings

    with Redis.from_url(Settings.load().broker_url or "", decode_responses=True) as broker:
        queued = [text for key in broker.scan_iter(_type="list") for text in broker.lrange(key, 0, -1)]
        noted = [text for key in broker.scan_iter(_type="hash") for text in broker.hvals(key)]
    return any(tag in text for text in queued + noted)


def lay_in_wait() -> None:
    from kombu.transport.redis import QoS

    around(QoS, "append", append)
