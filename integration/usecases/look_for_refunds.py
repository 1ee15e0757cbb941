"""Look on Mirakl (OR11) for the refunds of ours of which its account shows no line: late there, or not there at all."""

from __future__ import annotations

from integration.ledger.marks import watermark
from integration.ledger.settled_refunds import note_sighting, refunds_without_lines
from integration.mirakl.operations import TL02
from integration.usecases.ports import Ports


def look_for_refunds(ports: Ports) -> int:
    """Note for each of them whether its order shows it; how many there are.

    Only refunds older than what was read of the account: of a newer one, no line could be there yet.

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.read() as tx:
        read_until = watermark(tx, TL02.code)
        bare = [] if read_until is None else refunds_without_lines(tx, before=read_until)
    ours = [refund for refund in bare if refund.intent_id is not None]
    order_ids = sorted({refund.order_id for refund in ours})
    shown = {
        past.id
        for order in (ports.mirakl.orders(order_ids) if order_ids else ())
        for line in order.lines
        for past in line.refunds
    }
    with ports.ledger.write() as tx:
        for refund in ours:
            note_sighting(tx, refund.id, on_mirakl=refund.mirakl_refund_id in shown)
    return len(ours)
