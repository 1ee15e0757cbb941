"""Look on Mirakl (OR11) for the refunds of ours that are in no billing cycle: late there, or not there at all.

The account (TL02) tells what changed, never what vanished: only the order can say that a refund is gone.
"""

from __future__ import annotations

from integration.ledger.marks import watermark
from integration.ledger.settled_refunds import note_sighting, refunds_not_billed
from integration.mirakl.operations import TL02
from integration.usecases.ports import Ports


def look_for_refunds(ports: Ports) -> int:
    """Note for each of them whether its order shows it; how many there are.

    Only refunds older than what was read of the account: of a newer one, no line could be there yet.

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.read() as tx:
        read_until = watermark(tx, TL02.code)
        waiting = [] if read_until is None else refunds_not_billed(tx, before=read_until)
    order_ids = sorted({refund.order_id for refund in waiting})
    shown = {
        past.id
        for order in (ports.mirakl.orders(order_ids) if order_ids else ())
        for line in order.lines
        for past in line.refunds
    }
    with ports.ledger.write() as tx:
        for refund in waiting:
            note_sighting(tx, refund.id, on_mirakl=refund.mirakl_refund_id in shown)
    return len(waiting)
