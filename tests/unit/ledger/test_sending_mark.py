"""Whether a claim has sent anything is told by a mark of its own, not by comparing two times."""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.store import Ledger


def test_a_new_claim_has_not_sent_whatever_an_earlier_one_did_and_whichever_way_the_clock_went(ledger: Ledger) -> None:
    with ledger.write() as tx:
        intent_id = intents.decide(tx, "push_refund", "R-1/L-1/1")[0].id
        first = intents.claim(tx, intent_id, lease=60)
        assert first is not None
        assert first.sent_at is None
        intents.write_ahead(tx, first, {"asked": "1.00"})
        assert first.sent_at is not None
        intents.settle(tx, first, "decided", reason="not_found")
    with ledger.write() as tx:
        second = intents.claim(tx, intent_id, lease=60)
    assert second is not None
    assert (second.sent_at, second.sends) == (None, 1)
