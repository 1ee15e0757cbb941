"""The acceptance clock: warn at half of the time, alert at three quarters, page at nine tenths; each once per order."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from integration.domain.acceptance import Forecast, forecast
from integration.ledger import intents
from integration.ledger.marks import alert_once, forget_alerts, lasts
from integration.ledger.orders import acknowledged_since, longest_wait, unaccepted_orders, waiting_deadlines
from integration.ledger.store import Tx
from integration.ledger.tables import OrderRow
from integration.settings import Settings
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

STEPS = ((90, logging.CRITICAL), (75, logging.ERROR), (50, logging.WARNING))
"""Percent of the acceptance time that is gone, and how loudly that is said."""

WINDOW, LEAST_WINDOW = 300.0, 10.0
"""Seconds over which the present rate is taken; the second is not scaled."""

FIRST_SIGHT = 120.0
"""Seconds after which an order that we have only just seen is told of: it is accepted within a second or two. One whose
time ends sooner is told at once."""

SLOW = "acceptance_forecast"

OVERTAKES_AT = 75
"""Percent from which an order goes ahead of the rest of its queue."""


def watch_deadlines(ports: Ports) -> str:
    """Say, for each order that nobody has accepted, held ones included, the newest step it has reached."""
    told = 0
    with ports.ledger.write() as tx:
        for order in unaccepted_orders(tx):
            gone = 100 * (tx.now - order.created_date) / (order.deadline - order.created_date)
            step = next(((percent, level) for percent, level in STEPS if gone >= percent), None)
            if step is None or order.alerted_percent >= step[0]:
                continue
            percent, level = step
            if percent >= OVERTAKES_AT and (intent := intents.find(tx, "accept_order", order.order_id)):
                intents.make_urgent(tx, intent)
            if _is_new(ports, tx, order):
                continue
            order.alerted_percent = percent
            told += 1
            tx.after_commit.append(partial(_tell, level, order.order_id, percent))
        outlook = acceptance_forecast(ports.settings, tx)
        if outlook is None or outlook.all_in_time:
            forget_alerts(tx, f"{SLOW} noticed", [""])
        elif lasts(tx, SLOW, "", seconds=_window(ports.settings)):
            _tell_once_a_day(tx, outlook)
    return f"{told} told"


def _is_new(ports: Ports, tx: Tx, order: OrderRow) -> bool:
    """Whether it is about to be accepted, as a rule; one that is held is not."""
    grace = timedelta(seconds=ports.settings.scaled(FIRST_SIGHT))
    return order.state == "waiting" and tx.now - order.first_seen_at < grace < order.deadline - tx.now


def acceptance_forecast(settings: Settings, tx: Tx) -> Forecast | None:
    """Whether all that wait will make it at the rate of the last minutes; None while that is too early to say.

    Where none was accepted lately there is no rate, and nothing to be foretold: each order's own clock tells of it.
    """
    seconds = _window(settings)
    if longest_wait(tx) < seconds:
        return None
    acknowledged = acknowledged_since(tx, tx.now - timedelta(seconds=seconds))
    if acknowledged == 0:
        return None
    return forecast(waiting_deadlines(tx), now=tx.now, acknowledged=acknowledged, seconds=seconds)


def _window(settings: Settings) -> float:
    return max(LEAST_WINDOW, settings.scaled(WINDOW))


def _tell_once_a_day(tx: Tx, outlook: Forecast) -> None:
    if outlook.first_late is None or not alert_once(tx, "acceptance_forecast", outlook.first_late.date().isoformat()):
        return
    extra = {"alert": "acceptance_forecast", "waiting": outlook.waiting, "first_late": outlook.first_late.isoformat()}
    sentence = (
        "at %.2f orders a second, not all of %d waiting orders make their deadline: the first that does not is due %s"
    )
    tx.after_commit.append(
        partial(log.critical, sentence, outlook.rate, outlook.waiting, outlook.first_late.isoformat(), extra=extra)
    )


def _tell(level: int, order_id: str, percent: int) -> None:
    extra = {"alert": "acceptance_sla", "order_id": order_id, "percent": percent}
    log.log(level, "order %s has used %d %% of its acceptance time", order_id, percent, extra=extra)
