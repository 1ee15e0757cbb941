"""The control API: `POST /sandbox/<act>` with the act's facts as a JSON object, answered with its result."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from tornado.web import RequestHandler

from integration.sandbox.acts import marketplace, observation, settlement, stock, warehouse
from integration.sandbox.calls import Refused
from integration.sandbox.wire import decode, encode
from integration.sandbox.world import World

ACTS: Mapping[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        marketplace.seed_order,
        marketplace.seed_orders,
        marketplace.set_order_state,
        marketplace.cancel_units,
        marketplace.open_return,
        marketplace.set_return_state,
        marketplace.change_return,
        marketplace.set_reasons,
        marketplace.set_configuration,
        marketplace.set_balance,
        settlement.refund_externally,
        settlement.erase_refund,
        settlement.close_billing_cycle,
        settlement.alter_transaction,
        stock.seed_offers,
        stock.sell_units,
        stock.set_product_live,
        stock.set_bigcommerce_levels,
        stock.set_bigcommerce_refusal,
        warehouse.judge,
        warehouse.split_item,
        warehouse.set_reveni_return,
        warehouse.set_deliveries_per_event,
        warehouse.send_webhook,
        observation.add_fault,
        observation.clear_faults,
        observation.set_latency,
        observation.environment,
        observation.books,
        observation.calls,
    )
}


class Control(RequestHandler):
    """One act: 200 with its result, 400 with what was wrong, 404 for an act that is not there."""

    def initialize(self, world: Callable[[], World], reset: Callable[[], None]) -> None:
        self._world = world
        self._reset = reset

    def post(self, act: str) -> None:
        try:
            facts = decode(self.request.body or b"{}")
            if act == "reset":
                self._reset()
                self._answer(200, None)
            elif act in ACTS:
                bound = inspect.signature(ACTS[act]).bind(self._world(), **facts)
                self._answer(200, ACTS[act](*bound.args, **bound.kwargs))
            else:
                self._answer(404, {"error": f"there is no act {act}"})
        except (ValueError, TypeError, LookupError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})
        except Refused as refused:
            self._answer(400, {"error": str(refused)})

    def _answer(self, status: int, result: Any) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(encode(result))
