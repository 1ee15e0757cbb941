"""The application: four addresses, and JSON for every other."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr
from tornado.web import Application

from integration.ledger.store import Ledger
from integration.web.answers import NotFound
from integration.web.health import Health, Ready
from integration.web.metrics import Metrics
from integration.web.readiness import Readiness, Workers
from integration.web.threads import DaemonThreads
from integration.web.webhooks import ReveniWebhook


def make_app(ledger: Ledger, webhook_keys: Sequence[SecretStr], workers: Workers) -> Application:
    """The web process's application.

    :param ledger: its bell must not block (`BackgroundBell`): it is rung before the webhook is answered.
    :param webhook_keys: any of them may have signed a delivery.
    """
    # SQLite has one writer, and those who wait for it look in at growing intervals: some would wait for seconds.
    writers = 1 if ledger.engine.dialect.name == "sqlite" else 8
    storing = DaemonThreads("storing", threads=writers, waiting=1_000)
    # A broker that hangs may hold every thread that asks it, and none that stores.
    asking = DaemonThreads("asking", threads=8, waiting=32)
    return Application(
        [
            ("/webhooks/reveni", ReveniWebhook, {"ledger": ledger, "keys": webhook_keys, "threads": storing}),
            ("/healthz", Health),
            ("/readyz", Ready, {"readiness": Readiness(ledger, workers, asking)}),
            ("/metrics", Metrics, {"ledger": ledger, "workers": workers, "threads": asking}),
        ],
        default_handler_class=NotFound,
        running=set(),
        # An access log would hold whatever a stranger writes into an address; handlers say what matters.
        log_function=lambda _handler: None,
    )
