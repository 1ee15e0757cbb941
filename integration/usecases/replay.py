"""Take up one held case again, after its cause was mended; or say what that would do, without doing it."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from integration.ledger import intents
from integration.ledger.orders import get_order
from integration.ledger.store import Tx
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.replay_refund import replay_refund
from integration.usecases.replay_return import replay_return
from integration.usecases.replay_stock import replay_movement
from integration.usecases.resume import BY_HAND, close_reviews, does, hasten, resume

Kind = Literal["order", "return", "refund", "stock", "event"]


@dataclass(frozen=True)
class Replay:
    """What a replay does, or did where `applied`. Without steps nothing changes, and `note` says why."""

    kind: Kind
    subject: str
    applied: bool
    steps: tuple[str, ...]
    note: str


class _OnlyPlanned(Exception):
    """Takes the transaction back: a plan is a replay that was not committed, so the two cannot differ."""


def replay(ports: Ports, kind: Kind, subject: str, *, apply: bool) -> Replay:
    """Replay one case, in one transaction; what it promises is carried out when the sweeper rings."""
    steps: list[str] = []
    try:
        with suppress(_OnlyPlanned), ports.ledger.write() as tx:
            tx.lock(BY_HAND)
            steps = _take_up(ports, tx, kind, subject)
            _commit_if(apply)
    except Refused as refused:
        return Replay(kind, subject, applied=False, steps=(), note=str(refused))
    taken_up = "Taken up again; the fleet goes on with it within a minute. What its cause still stops is held again."
    note = taken_up if apply else "Nothing was changed yet."
    return Replay(kind, subject, applied=apply, steps=tuple(steps), note=note)


def _commit_if(wanted: bool) -> None:
    if not wanted:
        raise _OnlyPlanned


def _take_up(ports: Ports, tx: Tx, kind: Kind, subject: str) -> list[str]:
    match kind:
        case "order":
            return _take_up_order(tx, subject)
        case "return":
            return replay_return(ports, tx, subject)
        case "refund":
            return replay_refund(ports, tx, uuid.UUID(subject))
        case "stock":
            return replay_movement(ports, tx, uuid.UUID(subject))
    return _take_up_event(tx, subject)


def _take_up_order(tx: Tx, order_id: str) -> list[str]:
    row, intent = get_order(tx, order_id), intents.find(tx, "accept_order", order_id)
    if row is None or intent is None:
        raise Refused(f"There is no order {order_id}: see `backhaul orders list`.")
    if hasten(tx, intent):
        return [f"try at once: {does(intent)}"]
    if intent.state != "held":
        raise Refused(f"Order {order_id} is {row.state} and its acceptance is {intent.state}: nothing changes.")
    close_reviews(tx, "order", order_id, reasons={row.reason or "", intent.reason or ""}, resolution="replayed")
    row.state, row.reason = "waiting", None
    return [resume(tx, intent)]


def _take_up_event(tx: Tx, event_id: str) -> list[str]:
    intent = intents.find(tx, "read_verdict", event_id)
    if intent is None:
        raise Refused(f"There is no event {event_id}.")
    if hasten(tx, intent):
        return [f"try at once: {does(intent)}"]
    if intent.state != "held":
        raise Refused(
            f"The reading of event {event_id} is {intent.state}: nothing changes. "
            "A return that is held goes on with `backhaul replay return`."
        )
    close_reviews(tx, "event", event_id, reasons={intent.reason or ""}, resolution="replayed")
    return [resume(tx, intent)]
