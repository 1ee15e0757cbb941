"""Translate the reasons of one return, strictly: every line is mapped and legal, or nothing is sent anywhere."""

from __future__ import annotations

from typing import ClassVar

from integration.domain.returns import map_reasons
from integration.errors import Held
from integration.ledger.returns import get_return, lines_of, lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.acts import Act
from integration.usecases.advance_return import advance, hold_return
from integration.usecases.ports import Ports
from mappings import ReasonRow


class MapReturn(Act[dict[str, ReasonRow], dict[str, ReasonRow]]):
    """Look each line's reason up in the table in force, and its refund code in RE01."""

    kind: ClassVar[str] = "map_return"
    queue: ClassVar[str] = "reason-mapping"
    review_kind: ClassVar[str] = "return"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> dict[str, ReasonRow]:
        with ports.ledger.read() as tx:
            lines = lines_of(tx, intent.subject)
        tables = ports.mappings.current()
        try:
            return map_reasons(lines, tables, refund_reasons=ports.reference.refund_reasons())
        except Held as held:
            if held.reason != "illegal_refund_reason":
                raise
            return map_reasons(lines, tables, refund_reasons=ports.reference.refund_reasons(fresh=True))

    def evidence(self, intent: Intent, answer: dict[str, ReasonRow]) -> Facts:
        return {"rows": {line: vars(row) for line, row in answer.items()}}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: dict[str, ReasonRow]) -> None:
        row = lock_return(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        row.mapping_version = ports.mappings.current().version
        row.held_reason = None
        for line in lines_of(tx, intent.subject):
            mapped = answer[line.order_line_id]
            line.reveni_reason, line.disposition = mapped.reveni_return_reason, mapped.disposition
            line.refund_reason, line.shipping_refund = mapped.mirakl_refund_reason, mapped.shipping_refund
            line.location = mapped.location
        tx.session.flush()
        advance(ports, tx, row)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        row = get_return(tx, intent.subject)
        if row is not None:
            hold_return(tx, row, held)
