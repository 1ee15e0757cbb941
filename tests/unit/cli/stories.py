"""Cases that a fleet brought about on the sandbox."""

from __future__ import annotations

from integration.ledger.orders import get_order
from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import get_return
from integration.ledger.tables import ReturnRow
from integration.sandbox import SandboxClient
from tests.inline_fleet import InlineFleet

LINE = "L-1"


def a_received_order(fleet: InlineFleet, sandbox: SandboxClient) -> str:
    """An order of two units at 25.00, acknowledged, delivered and paid."""
    order_id = sandbox.seed_order(lines=[{"sku": "SKU-1", "quantity": 2, "unit_price": "25.00", "order_line_id": LINE}])
    sandbox.seed_offers({"SKU-1": 5})

    def acknowledged() -> bool:
        with fleet.ports.ledger.read() as tx:
            order = get_order(tx, order_id)
        return order is not None and order.state == "acknowledged"

    fleet.until(acknowledged)
    sandbox.receive(order_id)
    return order_id


def an_open_return(fleet: InlineFleet, sandbox: SandboxClient, *, reason: str = "RETURN_CHANGED_MIND") -> str:
    """A return of one unit, in Reveni, or held on its way there."""
    order_id = a_received_order(fleet, sandbox)
    units = [{"order_line_id": LINE, "quantity": 1, "reason_code": reason}]
    return_id = sandbox.open_return(order_id, units)
    fleet.until(lambda: in_reveni(fleet, return_id) or held(fleet, return_id))
    return return_id


def a_confirmed_refund(fleet: InlineFleet, sandbox: SandboxClient) -> str:
    """25.00 GBP for one unit that the warehouse accepted."""
    return_id = an_open_return(fleet, sandbox)
    sandbox.judge(return_id, LINE, accepted=1)
    fleet.until(lambda: [refund.state for refund in refunds_of(fleet)] in (["confirmed"], ["refunded"]))
    return str(refunds_of(fleet)[0].row.id)


def a_held_refund(fleet: InlineFleet, sandbox: SandboxClient) -> str:
    """A refund that Mirakl refused, since nothing is left of the line."""
    return_id = an_open_return(fleet, sandbox)
    external = sandbox.refund_externally(LINE, amount="45.00", quantity=1)
    assert external
    sandbox.judge(return_id, LINE, accepted=1)
    fleet.until(lambda: any(refund.state == "held" for refund in refunds_of(fleet)))
    return next(str(refund.row.id) for refund in refunds_of(fleet) if refund.state == "held")


def refunds_of(fleet: InlineFleet) -> list[Refund]:
    with fleet.ports.ledger.read() as tx:
        return refunds(tx)


def return_of(fleet: InlineFleet, return_id: str) -> ReturnRow | None:
    with fleet.ports.ledger.read() as tx:
        return get_return(tx, return_id)


def in_reveni(fleet: InlineFleet, return_id: str) -> bool:
    row = return_of(fleet, return_id)
    return row is not None and row.reveni_return_id is not None


def held(fleet: InlineFleet, return_id: str) -> bool:
    row = return_of(fleet, return_id)
    return row is not None and row.held_reason is not None
