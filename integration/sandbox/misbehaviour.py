"""What a caller meets when a fault strikes: one function per kind, each with the real effect in its hands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from integration.sandbox.calls import Answer
from integration.sandbox.faults import Fault

Effect = Callable[[], Answer]


class Caller(Protocol):
    """The other end of the connection."""

    def send(self, answer: Answer) -> None: ...
    def send_half(self, answer: Answer) -> None: ...
    def drop(self) -> None: ...
    async def gone(self) -> None: ...


Misbehaviour = Callable[[Fault, Effect, Caller], Awaitable[None]]


def _answer(fault: Fault) -> Answer:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if isinstance(fault.body, str):
        return Answer(fault.status, fault.body, headers, "text/plain")
    why = "The sandbox was told to fail."
    return Answer(fault.status, fault.body or {"message": why, "detail": why, "status": fault.status}, headers)


async def _status_before(fault: Fault, _effect: Effect, caller: Caller) -> None:
    caller.send(_answer(fault))


async def _status_after(fault: Fault, effect: Effect, caller: Caller) -> None:
    effect()
    caller.send(_answer(fault))


async def _lost_before(_fault: Fault, _effect: Effect, caller: Caller) -> None:
    caller.drop()


async def _lost_after(_fault: Fault, effect: Effect, caller: Caller) -> None:
    effect()
    caller.drop()


async def _truncated_after(_fault: Fault, effect: Effect, caller: Caller) -> None:
    caller.send_half(effect())


async def _garbage_after(_fault: Fault, effect: Effect, caller: Caller) -> None:
    effect()
    caller.send(Answer(200, "<html>upstream</html>", media_type="text/html"))


async def _late_effect(fault: Fault, effect: Effect, caller: Caller) -> None:
    asyncio.get_running_loop().call_later(fault.seconds, effect)
    if fault.answer_after is None:
        await caller.gone()
        return
    await asyncio.sleep(fault.answer_after)
    caller.send(Answer(504, {"message": "Gateway Timeout", "status": 504}))


async def _hang(_fault: Fault, _effect: Effect, caller: Caller) -> None:
    await caller.gone()


async def _delay(fault: Fault, effect: Effect, caller: Caller) -> None:
    await asyncio.sleep(fault.seconds)
    caller.send(effect())


async def _wrong_answer(fault: Fault, effect: Effect, caller: Caller) -> None:
    answer = effect()
    if not isinstance(answer.body, dict) or "refunds" not in answer.body:
        caller.send(answer)
        return
    refunds = [{**refund, **_difference(fault, refund)} for refund in answer.body["refunds"]]
    caller.send(replace(answer, body={**answer.body, "refunds": refunds}))


def _difference(fault: Fault, refund: Mapping[str, Any]) -> dict[str, Any]:
    return fault.replace or {"amount": refund["amount"] + Decimal("1.00")}


async def _fields_replaced(fault: Fault, effect: Effect, caller: Caller) -> None:
    answer = effect()
    caller.send(replace(answer, body=_replaced(answer.body, fault.replace)))


def _replaced(document: Any, fields: Mapping[str, Any]) -> Any:
    if isinstance(document, dict):
        return {name: fields[name] if name in fields else _replaced(one, fields) for name, one in document.items()}
    return [_replaced(one, fields) for one in document] if isinstance(document, list) else document


MISBEHAVIOURS: Mapping[str, Misbehaviour] = {
    "status_before": _status_before,
    "status_after": _status_after,
    "lost_before": _lost_before,
    "lost_after": _lost_after,
    "truncated_after": _truncated_after,
    "garbage_after": _garbage_after,
    "late_effect": _late_effect,
    "hang": _hang,
    "delay": _delay,
    "wrong_answer": _wrong_answer,
    "fields_replaced": _fields_replaced,
}
