"""Cases of the review inbox, put into the ledger as the fleet would have left them: a kind, a reason."""

from __future__ import annotations

from itertools import count
from typing import Any, Final, get_args
from uuid import UUID

from integration.ledger import intents
from integration.ledger.orders import add_order
from integration.ledger.reviews import get_review, open_review
from integration.ledger.stock import add_movement
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow, RefundRow, ReturnLineRow, ReturnRow
from integration.usecases.next_steps import Verb, next_steps
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.replay import Kind, replay
from integration.usecases.resolve_review import resolve_review

TELLS_ONLY: Final = frozenset({"already_on_sale", "reveni_paid_too"})
"""Cases of a return that hold nothing of it."""

STEP_OF: Final = {
    "unknown_outcome": "create_return", "twice_in_reveni": "create_return", "unmapped_return_reason": "map_return",
}  # fmt: skip
NUMBERS = count(1)


class Case:
    """A case of this kind that is in the inbox for this reason.

    :param is_over: the case tells of something, and holds nothing: the promise that it is about is kept.
    """

    def __init__(self, ports: Ports, kind: Kind, reason: str, *, is_over: bool = False) -> None:
        self.ports, self.kind, self.reason, self.is_over, number = ports, kind, reason, is_over, next(NUMBERS)
        self.return_id, self.order_id = f"R-{number}", f"O-{number}"
        self.intent_id: UUID | None = None
        with ports.ledger.write() as tx:
            self.subject = str(getattr(self, f"_{kind}")(tx, number))
            evidence = {"total": "25.00", "currency": "GBP"}
            self.review_id = open_review(
                tx, kind=kind, subject=self.subject, reason=reason, detail="look", evidence=evidence
            ).id

    def say(self, word: str) -> str:
        """What was done, in a sentence.

        :raises Refused: nothing was.
        """
        if word == "replay":
            done = replay(self.ports, self.kind, self.subject, apply=True)
            if not done.applied:
                raise Refused(done.note)
            return "; ".join([*done.steps, done.note])
        mirakl_id = f"M-{self.subject}" if word == "done" and self.kind == "refund" and not self.is_over else None
        verb: Any = word
        return resolve_review(self.ports, self.review_id, verb, note="why", mirakl_refund_id=mirakl_id)

    @property
    def is_open(self) -> bool:
        with self.ports.ledger.read() as tx:
            review = get_review(tx, self.review_id)
            assert review is not None
            return review.state == "open"

    @property
    def state(self) -> str:
        """Where the case itself stands: of its intent, its movement or its return."""
        with self.ports.ledger.read() as tx:
            if self.kind == "stock":
                return tx.session.get_one(MovementRow, UUID(self.subject)).state
            if self.intent_id is None:
                return "held"
            return tx.session.get_one(Intent, self.intent_id).state

    def offered(self) -> set[str]:
        with self.ports.ledger.read() as tx:
            review = get_review(tx, self.review_id)
            assert review is not None
            commands = [step.command for step in next_steps(review)]
        words = {word: f"--{word.replace('_', '-')}" for word in get_args(Verb)} | {"replay": "backhaul replay"}
        return {word for word, option in words.items() if any(option in command for command in commands)}

    def _hold(self, tx: Tx, kind: str, subject: str, **facts: Any) -> Intent:
        decided, _ = intents.decide(tx, kind, subject, plan=facts)
        tx.session.flush()
        claimed = intents.claim(tx, decided.id, lease=60)
        assert claimed is not None
        said = {"type": "refund", "mode": "instant", "refunds": []}
        evidence = {"total": "25.00", "currency": "GBP", **said, "candidates": [{"id": "77"}]}
        intents.settle(tx, claimed, "held", reason=self.reason, detail="look", evidence=evidence)
        if self.is_over:
            stored = tx.session.get_one(Intent, claimed.id, populate_existing=True)
            stored.state, stored.reason = "confirmed", None
        self.intent_id = claimed.id
        return claimed

    def _order(self, tx: Tx, number: int) -> str:
        row = add_order(tx, order_id=self.order_id, commercial_id="C", lines=[], created_date=tx.now, deadline=tx.now)
        row.state, row.reason = ("missed" if self.reason == "acceptance_missed" else "held"), self.reason
        self._hold(tx, "accept_order", self.order_id, lines={"L": True})
        return self.order_id

    def _return(self, tx: Tx, number: int) -> str:
        self._add_return(tx, held=None if self.reason in TELLS_ONLY else self.reason)
        self._hold(tx, STEP_OF.get(self.reason, "accept_return"), self.return_id, lines=[])
        return self.return_id

    def _refund(self, tx: Tx, number: int) -> UUID:
        self._add_return(tx, held=None)
        intent = self._hold(tx, "push_refund", f"{self.return_id}/L/1", baseline=[])
        row = RefundRow(
            id=intent.id, shop=tx.shop, intent_id=intent.id, return_id=self.return_id, order_id=self.order_id,
            order_line_id="L", cumulative_units=1, quantity=1, created_at=tx.now, looks=0,
        )  # fmt: skip
        tx.session.add(row)
        row.mirakl_refund_id = f"M-{number}" if self.is_over else None
        return intent.id

    def _stock(self, tx: Tx, number: int) -> UUID:
        movement = add_movement(
            tx, return_id=self.return_id, order_line_id="L", sku="SKU-1", quantity=1, location="sellable",
            state="held", reason=self.reason,
        )  # fmt: skip
        tx.session.flush()
        return movement.id

    def _event(self, tx: Tx, number: int) -> str:
        return self._hold(tx, "read_verdict", f"evt-{number}", reveni_return_id="4e26").subject

    def _add_return(self, tx: Tx, *, held: str | None) -> None:
        tx.session.add(
            ReturnRow(
                shop=tx.shop, return_id=self.return_id, order_id=self.order_id, first_seen_at=tx.now,
                mirakl_state="CANCELED" if self.reason == "return_ended_early" else "IN_PROGRESS",
                state="held" if held else "open", held_reason=held,
                reveni_refunds=[], reveni_type="refund", reveni_mode="instant", currency="GBP",
            )
        )  # fmt: skip
        tx.session.add(
            ReturnLineRow(
                shop=tx.shop, return_id=self.return_id, order_line_id="L", quantity=1, accepted=1, rejected=0,
                reason_code="RETURN_CHANGED_MIND", refund_reason="99", reveni_reason="changed_mind",
                shipping_refund="none", refund_units=1, moved_units=1, sellable_units=0,
            )
        )  # fmt: skip
        tx.session.flush()
