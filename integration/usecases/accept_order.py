"""Accept one order on Mirakl (OR21), before its deadline and ahead of all other work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from integration.domain.orders import acceptance_verdict
from integration.errors import Held
from integration.ledger.orders import acknowledge_all, get_order
from integration.ledger.reviews import open_review, resolve
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.acts import Act
from integration.usecases.ports import Ports


@dataclass(frozen=True)
class Acceptance:
    """What is sent: every line of the order, since OR21 wants them all."""

    order_id: str
    lines: dict[str, bool]


Outcome = Literal["by_us", "accepted", "missed", "refused", "canceled"]
"""`by_us`: decided as we asked, by our own call; else what somebody else, or nobody, made of the order."""


class AcceptOrder(Act[Acceptance, Outcome]):
    """Accept every line, or refuse every one where the seller's rule said so when the order was found.

    Mirakl's own state guards OR21: a second call is refused and has no second effect.
    """

    kind: ClassVar[str] = "accept_order"
    queue: ClassVar[str] = "acknowledgement"
    review_kind: ClassVar[str] = "order"
    guarded: ClassVar[bool] = True
    in_batches: ClassVar[bool] = True
    max_refusals: ClassVar[int] = 5

    def prepare(self, ports: Ports, intent: Intent) -> Acceptance:
        return Acceptance(intent.subject, intent.plan["lines"])

    def plan(self, intent: Intent, prepared: Acceptance) -> Facts:
        return intent.plan

    def send(self, ports: Ports, prepared: Acceptance) -> Outcome:
        ports.mirakl.accept_order(prepared.order_id, prepared.lines)
        return "by_us"

    def read_back(self, ports: Ports, intent: Intent) -> Outcome | None:
        found = ports.mirakl.orders([intent.subject])
        if not found:
            raise Held("order_not_on_mirakl", f"OR11 does not show order {intent.subject} to this key.")
        verdict = acceptance_verdict(found[0])
        if verdict == "waiting":
            return None
        # Refused at the first sending: somebody was there before. Else it was ours, and only its answer was lost.
        before_us = intent.reason == "rejected" and intent.sends == 1
        as_asked = verdict == ("refused" if _refused_by_rule(intent) else "accepted")
        return "by_us" if as_asked and not before_us else verdict

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Outcome) -> None:
        order = get_order(tx, intent.subject)
        if order is None:
            raise Held("order_not_in_ledger", f"Order {intent.subject} was accepted and is not in the ledger.")
        if answer in ("by_us", "accepted"):
            order.state, order.reason = "acknowledged", _refused_by_rule(intent)
            order.acknowledged_at = tx.now
            order.acknowledged_by = "us" if answer == "by_us" else "somebody_else"
            resolve(tx, kind="order", subject=order.order_id, resolution="acknowledged")
        elif answer == "missed":
            order.state, order.reason = "missed", "deadline_passed"
            self._tell(tx, order.order_id, "acceptance_missed", "Nobody accepted it in time; Mirakl refused it.")
        else:
            order.state, order.reason = "held", f"order_{answer}"
            self._tell(tx, order.order_id, f"order_{answer}", f"It was {answer} before it could be accepted.")

    def record_all(self, ports: Ports, tx: Tx, answered: Sequence[tuple[Intent, Outcome]]) -> None:
        acknowledge_all(tx, [intent.subject for intent, _ in answered])
        for intent, _ in answered:
            if _refused_by_rule(intent):
                self.record(ports, tx, intent, "by_us")
            if intent.attempts > 1:  # an order that went through at once was never in the inbox
                resolve(tx, kind="order", subject=intent.subject, resolution="acknowledged")

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        super().hold(tx, intent, held)
        order = get_order(tx, intent.subject)
        if order is not None:
            order.state, order.reason = "held", held.reason

    def _tell(self, tx: Tx, order_id: str, reason: str, what: str) -> None:
        resolve(tx, kind="order", subject=order_id, resolution=reason)  # what it was held for is over
        open_review(tx, kind="order", subject=order_id, reason=reason, detail=f"Order {order_id}: {what}")


def _refused_by_rule(intent: Intent) -> str | None:
    """The order's acknowledgement was a refusal, by the seller's own rule."""
    return None if all(intent.plan["lines"].values()) else "refused_by_rule"
