"""The polling queue: what Beat rings for. Each task reads the other side and promises what follows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from integration.errors import Retryable
from integration.ledger.marks import beat
from integration.usecases.fold_figures import fold_figures as fold_figures_
from integration.usecases.follow_refunds import follow_refunds as follow_refunds_
from integration.usecases.poll_orders import poll_orders as poll_orders_
from integration.usecases.poll_returns import poll_returns as poll_returns_
from integration.usecases.ports import Ports
from integration.usecases.read_verdict import poll_verdicts as poll_verdicts_
from integration.usecases.sweep import sweep as sweep_
from integration.usecases.watch_balance import watch_balance as watch_balance_
from integration.usecases.watch_deadlines import watch_deadlines as watch_deadlines_
from integration.usecases.watch_platform import watch_platform as watch_platform_
from integration.usecases.watch_reasons import watch_reasons as watch_reasons_
from integration.usecases.watch_silence import watch_silence as watch_silence_
from integration.usecases.watch_stock import watch_stock as watch_stock_
from tasks.app import LedgerTask, app, ports
from tasks.policy import POLLING

log = logging.getLogger(__name__)


@app.task(name="polling.poll_orders", base=LedgerTask, **POLLING.options())
def poll_orders(**_newer: Any) -> None:
    """Find orders that wait for acceptance (OR11)."""
    _once(poll_orders_)


@app.task(name="polling.poll_returns", base=LedgerTask, **POLLING.options())
def poll_returns(**_newer: Any) -> None:
    """Find returns that changed on Mirakl (RT11)."""
    _once(poll_returns_)


@app.task(name="polling.poll_verdicts", base=LedgerTask, **POLLING.options())
def poll_verdicts(**_newer: Any) -> None:
    """Find verdicts whose webhook was lost (W2)."""
    _once(poll_verdicts_)


@app.task(name="polling.follow_refunds", base=LedgerTask, **POLLING.options())
def follow_refunds(**_newer: Any) -> None:
    """Follow refunds until Mirakl has paid them (OR11)."""
    _once(follow_refunds_)


@app.task(name="polling.sweep", base=LedgerTask, **POLLING.options())
def sweep(**_newer: Any) -> None:
    """Ring again for all that is due."""
    _once(sweep_)


@app.task(name="polling.watch_balance", base=LedgerTask, **POLLING.options())
def watch_balance(**_newer: Any) -> None:
    """Tell of refunds that wait for money on Mirakl."""
    _once(watch_balance_)


@app.task(name="polling.watch_deadlines", base=LedgerTask, **POLLING.options())
def watch_deadlines(**_newer: Any) -> None:
    """Warn before an order's acceptance time is over."""
    _once(watch_deadlines_)


@app.task(name="polling.watch_platform", base=LedgerTask, **POLLING.options())
def watch_platform(**_newer: Any) -> None:
    """Hold what the operator says of the shop against our own books (A21, PC01)."""
    _once(watch_platform_)


@app.task(name="polling.watch_reasons", base=LedgerTask, **POLLING.options())
def watch_reasons(**_newer: Any) -> None:
    """Say which mapped refund reasons Mirakl does not allow any more (RE01)."""
    _once(watch_reasons_)


@app.task(name="polling.watch_silence", base=LedgerTask, **POLLING.options())
def watch_silence(**_newer: Any) -> None:
    """Tell of polls of which nothing has come for long."""
    _once(watch_silence_)


@app.task(name="polling.fold_figures", base=LedgerTask, **POLLING.options())
def fold_figures(**_newer: Any) -> None:
    """Keep the figures of what is long past, so that nobody reads history."""
    _once(fold_figures_)


@app.task(name="polling.watch_stock", base=LedgerTask, **POLLING.options())
def watch_stock(**_newer: Any) -> None:
    """Tell of units that wait too long, and drive those on whose product has gone live (OF21)."""
    _once(watch_stock_)


@app.task(name="fleet.heartbeat", base=LedgerTask)
def heartbeat(*, queue: str, **_newer: Any) -> None:
    """Write down that this queue's worker answered. Beat sends one to every queue."""
    with ports().ledger.write() as tx:
        beat(tx, queue)


def _once(poll: Callable[[Ports], str]) -> None:
    """What the other side did not answer is no error of ours: it stands in the ledger, and its age is watched."""
    try:
        log.debug("%s: %s", poll.__name__, poll(ports()))
    except Retryable as failure:
        log.warning("%s: %s", poll.__name__, failure)
