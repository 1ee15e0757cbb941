"""The steps of a refund at which the process that carries it out dies, is stopped, or finds nobody to connect to.

What happens to a refund is what its order line is named for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kill_points import deaths
from tests.kill_points.deaths import around


class Refunding:
    """What this process is at; it carries out one refund at a time (prefork)."""

    order_line_id = ""
    sending = False
    refused = False
    """Whoever would answer has gone away."""


NOBODY_LISTENS = ("127.0.0.1", 9)


def die_at(step: str) -> None:
    if step == Refunding.order_line_id:
        deaths.die_at(step)
    if f"stopped-{step}" == Refunding.order_line_id:
        deaths.stop_at(f"stopped-{step}")


def claim(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
    intent = original(*args, **named)
    if intent is not None:
        Refunding.order_line_id = intent.subject.split("/")[1]  # return / order line / cumulative units
        die_at("before-the-claim-commits")
    return intent


def send(original: Callable[..., Any], act: Any, ports: Any, prepared: Any) -> Any:
    die_at("after-the-write-ahead")
    Refunding.sending = True
    Refunding.refused = Refunding.order_line_id == "connection-refused" and deaths.happens_now("connection-refused")
    if Refunding.refused:
        ports.mirakl._transport._opened = None  # the connection that was kept would be used again
    try:
        answer = original(act, ports, prepared)
    finally:
        Refunding.sending = Refunding.refused = False
    die_at("after-the-answer")
    return answer


def before(step: str) -> Callable[..., Any]:
    def wrapper(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        die_at(step)
        return original(*args, **named)

    return wrapper


def after(step: str) -> Callable[..., Any]:
    def wrapper(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        result = original(*args, **named)
        die_at(step)
        return result

    return wrapper


def while_sending(step: str) -> Callable[..., Any]:
    def wrapper(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        if Refunding.sending:
            die_at(step)
        return original(*args, **named)

    return wrapper


def connect(original: Callable[..., Any], address: tuple[str, int], *args: Any, **named: Any) -> Any:
    return original(NOBODY_LISTENS if Refunding.refused else address, *args, **named)


def lay_in_wait() -> None:
    """In the order in which a refund passes them; `tests/journeys/test_kill_points.py` has the same names."""
    from urllib3.connection import HTTPConnection
    from urllib3.util import connection

    from integration.departure import Departure
    from integration.ledger import intents
    from integration.usecases.keeping import Keeping
    from integration.usecases.push_refund import PushRefund

    around(intents, "claim", claim)
    around(PushRefund, "prepare", before("after-the-claim"))
    around(intents, "write_ahead", after("before-the-write-ahead-commits"))
    around(PushRefund, "send", send)
    around(connection, "create_connection", connect)
    around(Departure, "leaving", while_sending("before-the-first-byte"))
    around(HTTPConnection, "getresponse", while_sending("before-the-answer"))
    around(PushRefund, "record", after("before-the-record-commits"))
    around(Keeping, "run", after("before-the-acknowledgement"))
