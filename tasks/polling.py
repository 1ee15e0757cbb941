"""The polling queue: what Beat rings for. Each task reads the other side and promises what follows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from integration.errors import Retryable
from integration.ledger.heartbeats import beat
from integration.usecases.fold_figures import fold_figures as fold_figures_
from integration.usecases.follow_refunds import follow_refunds as follow_refunds_
from integration.usecases.poll_orders import poll_orders as poll_orders_
from integration.usecases.poll_returns import poll_returns as poll_returns_
from integration.usecases.ports import Ports
from integration.usecases.read_verdict import poll_verdicts as poll_verdicts_
from integration.usecases.sweep import sweep as sweep_
from integration.usecases.watch_balance import watch_balance as watch_balance_
from integration.usecases.watch_deadlines import watch_deadlines as watch_deadlines_
from integration.usecases.watch_held_orders import watch_held_orders as watch_held_orders_
from integration.usecases.watch_platform import watch_platform as watch_platform_
from integration.usecases.watch_reasons import watch_reasons as watch_reasons_
from integration.usecases.watch_silence import watch_silence as watch_silence_
from integration.usecases.watch_stock import watch_stock as watch_stock_
from tasks.app import app, ports, worker_pid
from tasks.policy import POLLING
from tasks.rings import RungTask, told

log = logging.getLogger(__name__)


@app.task(name="polling.poll_orders", base=RungTask, **POLLING.options())
def poll_orders(**_newer: Any) -> str | None:
    """Find orders that wait for acceptance (OR11)."""
    return _once(poll_orders_)


@app.task(name="polling.poll_returns", base=RungTask, **POLLING.options())
def poll_returns(**_newer: Any) -> str | None:
    """Find returns that changed on Mirakl (RT11)."""
    return _once(poll_returns_)


@app.task(name="polling.poll_verdicts", base=RungTask, **POLLING.options())
def poll_verdicts(**_newer: Any) -> str | None:
    """Find verdicts whose webhook was lost (W2)."""
    return _once(poll_verdicts_)


@app.task(name="polling.follow_refunds", base=RungTask, **POLLING.options())
def follow_refunds(**_newer: Any) -> str | None:
    """Follow refunds until Mirakl has paid them (OR11)."""
    return _once(follow_refunds_)


@app.task(name="polling.sweep", base=RungTask, **POLLING.options())
def sweep(**_newer: Any) -> str | None:
    """Ring again for all that is due."""
    return _once(sweep_)


@app.task(name="polling.watch_balance", base=RungTask, **POLLING.options())
def watch_balance(**_newer: Any) -> str | None:
    """Tell of refunds that wait for money on Mirakl."""
    return _once(watch_balance_)


@app.task(name="polling.watch_deadlines", base=RungTask, **POLLING.options())
def watch_deadlines(**_newer: Any) -> str | None:
    """Warn before an order's acceptance time is over."""
    _once(watch_held_orders_)
    return _once(watch_deadlines_)


@app.task(name="polling.watch_platform", base=RungTask, **POLLING.options())
def watch_platform(**_newer: Any) -> str | None:
    """Hold what the operator says of the shop against our own books (A21, PC01)."""
    return _once(watch_platform_)


@app.task(name="polling.watch_reasons", base=RungTask, **POLLING.options())
def watch_reasons(**_newer: Any) -> str | None:
    """Say which mapped refund reasons Mirakl does not allow any more (RE01)."""
    return _once(watch_reasons_)


@app.task(name="polling.watch_silence", base=RungTask, **POLLING.options())
def watch_silence(**_newer: Any) -> str | None:
    """Tell of polls of which nothing has come for long."""
    return _once(watch_silence_)


@app.task(name="polling.fold_figures", base=RungTask, **POLLING.options())
def fold_figures(**_newer: Any) -> str | None:
    """Keep the figures of what is long past, so that nobody reads history."""
    return _once(fold_figures_)


@app.task(name="polling.watch_stock", base=RungTask, **POLLING.options())
def watch_stock(**_newer: Any) -> str | None:
    """Tell of units that wait too long, and drive those on whose product has gone live (OF21)."""
    return _once(watch_stock_)


@app.task(name="fleet.heartbeat", base=RungTask)
def heartbeat(*, queue: str, **_newer: Any) -> None:
    """Write down that this queue's worker answered. Beat sends one to every queue."""
    with ports().ledger.write() as tx:
        beat(tx, queue, pid=worker_pid())


def _once(poll: Callable[[Ports], str]) -> str | None:
    """What the other side did not answer is no error of ours: it stands in the ledger, and its age is watched."""
    try:
        outcome = poll(ports())
    except Retryable as failure:
        log.warning("%s: %s", poll.__name__, failure)
        return f"not now: {failure}"
    log.debug("%s: %s", poll.__name__, outcome)
    return told(outcome)
