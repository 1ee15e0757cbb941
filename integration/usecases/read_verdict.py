"""Read a Reveni return back (W3): a webhook is only a hint that something happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.batches import decide_all
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.returns import EventSeen, add_events
from integration.ledger.standing import verdicts_were_read
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.reveni.operations import W2
from integration.reveni.wire import ReveniReturn, WebhookEvent
from integration.usecases.acts import Act, WaitsFor
from integration.usecases.polling import overlap, poll_when_due
from integration.usecases.ports import Ports
from integration.usecases.store_verdict import NOT_RECORDED_YET, is_known, store_verdict

WATERMARK = "W2"

UNTIL_RECORDED = 60.0
"""Seconds until a return that may be the one just being created is read again."""


class ReadVerdict(Act[ReveniReturn, ReveniReturn]):
    """Read the return that an event names, and take its verdict over."""

    kind: ClassVar[str] = "read_verdict"
    queue: ClassVar[str] = "restock"
    review_kind: ClassVar[str] = "event"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> ReveniReturn:
        try:
            return ports.reveni.return_(intent.plan["reveni_return_id"])
        except Rejected as rejected:
            raise Held("event_without_return", f"Reveni does not show the return: {rejected.message}") from None

    def evidence(self, intent: Intent, answer: ReveniReturn) -> Facts:
        return {"reveni_return_id": answer.id, "status": answer.status}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: ReveniReturn) -> None:
        if store_verdict(ports, tx, answer) == NOT_RECORDED_YET:
            raise WaitsFor("twin_not_recorded_yet", ports.settings.scaled(UNTIL_RECORDED))


def store_event(tx: Tx, event: WebhookEvent) -> bool:
    """Keep a webhook event and promise to read its return; False when the event is known already."""
    return event.id in store_events(tx, [event])


def store_events(tx: Tx, events: Sequence[WebhookEvent]) -> set[str]:
    """Keep many, each id once, and promise to read their returns; the ids of those that are new."""
    returns = {event.id: event.resource_id or "" for event in events}
    new = add_events(tx, [EventSeen(event.id, event.event, returns[event.id]) for event in events])
    decide_all(tx, "read_verdict", {event_id: {"reveni_return_id": returns[event_id]} for event_id in new})
    return new


def poll_verdicts(ports: Ports) -> str:
    """Find what a lost webhook did not tell (W2): every return that Reveni updated since the last pass."""
    return poll_when_due(ports, "poll_verdicts", W2, lambda: _pass(ports))


def _pass(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        started, mark = tx.now, watermark(tx, WATERMARK)
    seen = 0
    for page in ports.reveni.returns_updated_since((mark or started) - overlap(ports)):
        with ports.ledger.read() as tx:  # most of a page is what webhooks have told: nobody has to wait for that
            news = [twin for twin in page if not is_known(tx, twin)]
        for twin in news:
            with ports.ledger.write() as tx:
                _take_over(ports, tx, twin)
        seen += len(page)
    with ports.ledger.write() as tx:
        move_watermark(tx, WATERMARK, started)
        verdicts_were_read(tx, started=started)
    return f"{seen} seen"


def _take_over(ports: Ports, tx: Tx, twin: ReveniReturn) -> None:
    """What a list cannot tell, or tells too early, is promised to be read by itself (W3)."""
    if twin.items is not None and store_verdict(ports, tx, twin) != NOT_RECORDED_YET:
        return
    due_at = tx.now + timedelta(seconds=ports.settings.scaled(UNTIL_RECORDED))
    subject = f"listed: {twin.id} at {twin.updated_at}"
    intents.decide(tx, "read_verdict", subject, plan={"reveni_return_id": twin.id}, due_at=due_at)
