"""Errors that need a change of the code, and alerts, to Sentry; no shopper and no secret goes with them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import sentry_sdk
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from integration.errors import Held, OutcomeUnknown, Retryable
from integration.outages import Repeats, is_outage
from integration.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, Event, Hint

NEEDS_NO_CODE = (Retryable, OutcomeUnknown, Held)
"""A later try, a reading or a person settles these, and the ledger says so."""

PERSONAL = (
    "name", "first_name", "firstname", "last_name", "lastname", "civility", "company", "customer", "email",
    "phone", "phone_secondary", "address", "billing_address", "shipping_address", "street", "street_1", "street_2",
    "zip", "zip_code", "postal_code", "city", "country",
)  # fmt: skip
"""What Mirakl (OR11) and Reveni (W1) call a shopper's data; the scrubber's own list knows none of it."""

OUTAGES = Repeats()
"""One event for the errors of one outage."""

SECRET = ("key", "keys", "dsn", "signature", "x-auth-token", "x-reveni-signature")
"""Besides the scrubber's own list, which has `authorization`, `token` and `api_key`."""

OURS = ("integration", "tasks", "mappings")
"""Packages whose words hold no personal data; any other's may quote what it was given."""


def start(settings: Settings, process: str) -> None:
    """Report this process's errors from now on; nothing happens without SENTRY_DSN.

    :param process: stands as a tag beside each event: `web`, or a worker's queue.
    """
    if settings.sentry_dsn is None:
        return
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.sentry_environment,
        release=f"backhaul@{version('backhaul')}",
        # `send_default_pii` is off by itself, and naming it is deprecated; its successor switches the scrubber off.
        include_local_variables=False,
        max_request_body_size="never",
        event_scrubber=EventScrubber([*DEFAULT_DENYLIST, *PERSONAL, *SECRET], recursive=True),
        before_send=before_send,
        before_breadcrumb=before_breadcrumb,
        # Mirakl and Reveni have no use for our trace headers, which name this release and its environment.
        trace_propagation_targets=[],
        auto_session_tracking=False,
    )
    everywhere = sentry_sdk.get_global_scope()  # in every thread
    everywhere.set_tag("process", process)
    everywhere.set_tag("shop", settings.shop)


def before_send(event: Event, hint: Hint) -> Event | None:
    """Drop what needs no change of the code, silence what others say, and group alerts by their kind.

    An alert is a log record with an `alert`: all that share it, and its `reason`, are one issue in Sentry.
    """
    raised = hint.get("exc_info")
    if raised is not None and isinstance(raised[1], NEEDS_NO_CODE):
        return None
    if raised is not None and is_outage(raised[1]) and OUTAGES.left_out(type(raised[1]).__name__) is None:
        return None
    for shown in event.get("exception", {}).get("values", []):
        if not _is_ours(shown.get("module")):
            shown["value"] = ""
    record = hint.get("log_record")
    if record is not None and not _is_ours(record.name):
        event["logentry"] = {"message": f"{record.name} logged an error", "params": []}
    alert = getattr(record, "alert", None)
    if alert is not None:
        event["fingerprint"] = ["alert", alert, str(getattr(record, "reason", ""))]
        event.setdefault("tags", {})["alert"] = alert
    return event


def before_breadcrumb(crumb: Breadcrumb, _hint: Hint) -> Breadcrumb | None:
    """Keep what our own loggers said before the error."""
    return crumb if _is_ours(crumb.get("category")) else None


def _is_ours(dotted: str | None) -> bool:
    return (dotted or "").partition(".")[0] in OURS
