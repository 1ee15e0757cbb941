"""The applications: the webhook's, with three addresses, and that of the figures; JSON for every other path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr
from tornado.web import Application

from integration.ledger.store import Ledger
from integration.web import metrics
from integration.web.answers import NotFound
from integration.web.counts import WebhookCounts
from integration.web.health import Health, Ready
from integration.web.metrics import Exposition, Metrics
from integration.web.readiness import Readiness, Workers
from integration.web.shared import Shared
from integration.web.storing import EventStore
from integration.web.threads import DaemonThreads
from integration.web.webhooks import ReveniWebhook


def make_app(
    ledger: Ledger, webhook_keys: Sequence[SecretStr], workers: Workers, counts: WebhookCounts | None = None
) -> Application:
    """What Reveni and whoever waits for the fleet talk to.

    :param ledger: its bell must not block (`BackgroundBell`): it is rung before the webhook is answered.
    :param webhook_keys: any of them may have signed a delivery.
    """
    # A broker that hangs may hold every thread that asks it, and none that stores.
    readiness = Readiness(ledger, workers, DaemonThreads("asking", threads=8, waiting=32))
    webhook = {"store": EventStore(ledger), "keys": webhook_keys, "counts": counts or WebhookCounts()}
    return _application(
        ("/webhooks/reveni", ReveniWebhook, webhook),
        ("/healthz", Health),
        ("/readyz", Ready, {"shared": Shared(readiness.look)}),
    )


def make_metrics_app(ledger: Ledger, workers: Workers, counts: WebhookCounts) -> Application:
    """What Prometheus talks to, on a port and an event loop of its own: whoever asks often delays no webhook."""
    exposition = Exposition(ledger, workers, counts)
    return _application(("/metrics", Metrics, {"shared": Shared(exposition.text, keep=metrics.KEPT)}))


def _application(*handlers: Any) -> Application:
    return Application(
        list(handlers),
        default_handler_class=NotFound,
        running=set(),
        # An access log would hold whatever a stranger writes into an address; handlers say what matters.
        log_function=lambda _handler: None,
    )
