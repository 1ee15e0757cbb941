"""Translate the reasons of one return, strictly: every line is mapped and legal, or nothing is sent anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from integration.domain.returns import Announced, map_reasons
from integration.errors import Held
from integration.ledger.orders import get_order
from integration.ledger.returns import get_return, lines_of, lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, ReturnLineRow
from integration.usecases.acts import Act
from integration.usecases.advance_return import advance, hold_step, read_again
from integration.usecases.fetch_order import fetch_order
from integration.usecases.halting_codes import forget_mended
from integration.usecases.ports import Ports
from mappings import Mappings, ReasonRow


@dataclass(frozen=True)
class Mapped:
    """The row of the table for each order line, and the version of the tables that it stands in."""

    rows: dict[str, ReasonRow]
    version: str


class MapReturn(Act[Mapped, Mapped]):
    """Look each line's reason up in the table in force, and its refund code in RE01.

    An order that Backhaul has not met, such as one from before its first start, is fetched first: where Mirakl does not
    show it, nothing else is said of its return to anybody.
    """

    kind: ClassVar[str] = "map_return"
    queue: ClassVar[str] = "reason-mapping"
    review_kind: ClassVar[str] = "return"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Mapped:
        with ports.ledger.read() as tx:
            row = get_return(tx, intent.subject)
            # A line keeps what was decided for it: its refunds and its units follow one version of the tables.
            lines = [line for line in lines_of(tx, intent.subject) if line.refund_reason is None]
            order_is_known = row is not None and get_order(tx, row.order_id) is not None
        tables = ports.mappings.current()
        rows = _map(ports, lines, tables)
        if row is not None and not order_is_known:
            fetch_order(ports, row.order_id)
        return Mapped(rows, tables.version)

    def evidence(self, intent: Intent, answer: Mapped) -> Facts:
        rows = {line: row.model_dump() for line, row in answer.rows.items()}
        return {"rows": rows, "mapping_version": answer.version}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Mapped) -> None:
        row = lock_return(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        row.mapping_version = answer.version
        for line in lines_of(tx, intent.subject):
            if line.order_line_id in answer.rows:
                _take_over(line, answer.rows[line.order_line_id], answer.version)
        legal = {mapped.mirakl_refund_reason for mapped in answer.rows.values()}
        forget_mended(tx, ports.mappings.current(), legal=legal)
        tx.session.flush()
        read_again(tx, row, "mapped")
        advance(ports, tx, row)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_step(tx, intent, held)


def _map(ports: Ports, lines: Sequence[Announced], tables: Mappings) -> dict[str, ReasonRow]:
    """Held for a refund reason only if RE01, read at this moment, forbids it."""
    try:
        return map_reasons(lines, tables, refund_reasons=ports.reference.refund_reasons())
    except Held as held:
        if held.reason != "illegal_refund_reason":
            raise
        return map_reasons(lines, tables, refund_reasons=ports.reference.refund_reasons(fresh=True))


def _take_over(line: ReturnLineRow, mapped: ReasonRow, version: str) -> None:
    line.reveni_reason, line.disposition = mapped.reveni_return_reason, mapped.disposition
    line.refund_reason, line.shipping_refund = mapped.mirakl_refund_reason, mapped.shipping_refund
    line.location, line.mapping_version = mapped.location, version
