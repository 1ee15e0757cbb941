"""The order of a return, as it is on Mirakl now."""

from __future__ import annotations

from integration.domain.orders import Order
from integration.errors import Held
from integration.usecases.ports import Ports


def fetch_order(ports: Ports, order_id: str) -> Order:
    """One order, whatever its state (OR11 `order_ids`, which no ceiling counts).

    :raises Held: this key is not shown it.
    """
    for order in ports.mirakl.orders([order_id]):
        if order.order_id == order_id:
            return order
    raise Held("order_not_on_mirakl", f"OR11 does not show order {order_id} to this key.")
