"""Cancel the twin in Reveni (W5) of a return that ended on Mirakl before its parcel was judged."""

from __future__ import annotations

from typing import ClassVar

from integration.domain.returns import REVENI_ENDED_EARLY
from integration.errors import Held
from integration.ledger.returns import get_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.acts import Act
from integration.usecases.advance_return import hold_step
from integration.usecases.ports import Ports


class CancelReturn(Act[str, str]):
    """Reveni's own status guards W5: a return that is canceled is not canceled again."""

    kind: ClassVar[str] = "cancel_return"
    queue: ClassVar[str] = "reason-mapping"
    review_kind: ClassVar[str] = "return"
    guarded: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> str:
        with ports.ledger.read() as tx:
            row = get_return(tx, intent.subject)
        if row is None or row.reveni_return_id is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} has no twin in Reveni to cancel.")
        return row.reveni_return_id

    def plan(self, intent: Intent, prepared: str) -> Facts:
        return {"reveni_return_id": prepared}

    def send(self, ports: Ports, prepared: str) -> str:
        ports.reveni.cancel_return(prepared)
        return "cancelled"

    def read_back(self, ports: Ports, intent: Intent) -> str | None:
        status = ports.reveni.return_(intent.plan["reveni_return_id"]).status
        return status if status in REVENI_ENDED_EARLY else None

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: str) -> None:
        row = get_return(tx, intent.subject)
        if row is not None:
            row.reveni_status = answer

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_step(tx, intent, held)
