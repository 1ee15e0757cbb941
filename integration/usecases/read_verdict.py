"""Read a Reveni return back (W3): a webhook is only a hint that something happened to it."""

from __future__ import annotations

from typing import ClassVar

from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.returns import add_event
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.reveni.operations import W2
from integration.reveni.wire import ReveniReturn, WebhookEvent
from integration.usecases.acts import Act
from integration.usecases.polling import overlap, poll_when_due
from integration.usecases.ports import Ports
from integration.usecases.store_verdict import is_known, store_verdict

WATERMARK = "W2"


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
        store_verdict(ports, tx, answer)


def store_event(tx: Tx, event: WebhookEvent) -> bool:
    """Keep a webhook event and promise to read its return; False when the event is known already."""
    resource_id = event.resource_id or ""
    if not add_event(tx, event_id=event.id, event=event.event, resource_id=resource_id):
        return False
    intents.decide(tx, "read_verdict", event.id, plan={"reveni_return_id": resource_id})
    return True


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
                store_verdict(ports, tx, twin)
        seen += len(page)
    with ports.ledger.write() as tx:
        move_watermark(tx, WATERMARK, started)
    return f"{seen} seen"
