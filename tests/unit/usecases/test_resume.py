"""A person's replay of what may have been sent meets no other call of its group."""

from __future__ import annotations

import pytest

from integration.ledger import intents
from integration.ledger.tables import Intent
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import resume


def test_a_refund_that_may_have_landed_waits_until_the_other_of_its_order_is_known(ports: Ports) -> None:
    with ports.ledger.write() as tx:
        sent, _ = intents.decide(tx, "push_refund", "R-1/L-1/1", group="refund:O-1")
        other, _ = intents.decide(tx, "push_refund", "R-2/L-1/1", group="refund:O-1")
    with ports.ledger.write() as tx:
        claimed = intents.claim(tx, sent.id, lease=60)
        assert claimed is not None
        intents.write_ahead(tx, claimed, {})
        intents.settle(tx, claimed, "held", reason="unknown_outcome")
    with ports.ledger.write() as tx:
        in_flight = intents.claim(tx, other.id, lease=60)
        assert in_flight is not None
    with pytest.raises(Refused, match="refund:O-1 is in flight"), ports.ledger.write() as tx:
        resume(tx, tx.session.get_one(Intent, sent.id))
    with ports.ledger.write() as tx:
        intents.settle(tx, in_flight, "confirmed")
        assert resume(tx, tx.session.get_one(Intent, sent.id)).startswith("look whether")
