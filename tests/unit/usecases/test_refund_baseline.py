"""Which refunds were there before ours is known from before the first sending, and is not forgotten."""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.tables import Intent
from tests.unit.usecases.lane import Lane


def test_a_second_sending_keeps_the_baseline_of_the_first(lane: Lane) -> None:
    parcel = lane.send_back(3, unit_price="10.00")
    lane.sandbox.add_fault("OR28", "status_before", status=503, times=1)
    lane.come_back(parcel, accepted=1)

    def push() -> Intent:
        with lane.fleet.ports.ledger.read() as tx:
            found = intents.find(tx, "push_refund", f"{parcel.return_id}/{parcel.order_line_id}/1")
        assert found is not None
        return found

    lane.until(lambda: push().state == "unknown")
    assert push().plan["baseline"] == []
    others = lane.sandbox.refund_externally(parcel.order_line_id, amount="1.00", quantity=1)
    lane.until(lambda: push().state == "confirmed")
    assert (push().sends, push().plan["baseline"]) == (2, [])
    books = lane.sandbox.books()["refunds"][parcel.order_line_id]
    assert [refund["amount"] for refund in books] == [1, 10]

    def external() -> list[str | None]:
        return [refund.row.mirakl_refund_id for refund in lane.refunds(parcel) if refund.state == "external"]

    lane.until(lambda: external() == [others])
