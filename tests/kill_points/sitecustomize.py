"""Has the process that refunds killed at a named step, once for each: Python runs this first where it is on PYTHONPATH.

The product holds no hook for it. A refund dies at the step that its order line is named for; a file in the folder
DEATHS says that it has, so that it lives when it comes by again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


class Refunding:
    """What this process is at; it carries out one refund at a time (prefork)."""

    order_line_id = ""
    sending = False


def die_at(step: str) -> None:
    """SIGKILL for this process, where its refund is to die at this step and has not yet."""
    died = Path(os.environ["DEATHS"], step)
    if step == Refunding.order_line_id and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Have `wrapper(original, *args)` called instead of a function of the product."""
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(lambda *args, **named: wrapper(original, *args, **named)))


def claim(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
    intent = original(*args, **named)
    if intent is not None:
        Refunding.order_line_id = intent.subject.split("/")[1]  # return / order line / cumulative units
        die_at("before-the-claim-commits")
    return intent


def send(original: Callable[..., Any], *args: Any) -> Any:
    die_at("after-the-write-ahead")
    Refunding.sending = True
    try:
        answer = original(*args)
    finally:
        Refunding.sending = False
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


def lay_in_wait() -> None:
    """In the order in which a refund passes them; `tests/journeys/test_kill_points.py` has the same names."""
    from urllib3.connection import HTTPConnection

    from integration.departure import Departure
    from integration.ledger import intents
    from integration.usecases.carry_out import Keeping
    from integration.usecases.push_refund import PushRefund

    around(intents, "claim", claim)
    around(PushRefund, "prepare", before("after-the-claim"))
    around(intents, "write_ahead", after("before-the-write-ahead-commits"))
    around(PushRefund, "send", send)
    around(Departure, "leaving", while_sending("before-the-first-byte"))
    around(HTTPConnection, "getresponse", while_sending("before-the-answer"))
    around(PushRefund, "record", after("before-the-record-commits"))
    around(Keeping, "run", after("before-the-acknowledgement"))


if "--queues=refund" in sys.orig_argv:
    lay_in_wait()
