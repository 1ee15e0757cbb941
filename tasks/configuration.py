"""Celery's configuration, from the settings. Imported when the app first needs it."""

from __future__ import annotations

import ssl
from typing import Any

from kombu.entity import Exchange, Queue

from integration.errors import SettingsError
from integration.settings import Settings
from tasks.policy import ORDINARY, POLICIES
from tasks.schedule import beat_schedule

VISIBILITY_TIMEOUT = 3_600
"""Seconds. Far above any task's limit and any countdown: a shorter one delivers running tasks a second time."""

HEALTH_CHECK_EVERY = 10
"""Seconds. A connection that is dead and does not say so shows itself by the second check: with 10, a worker that has
its hands full takes messages again after 32 s; with 25 it took up to 73 (`tests/queues/test_half_open.py`)."""


def make_configuration(settings: Settings) -> dict[str, Any]:
    """JSON only, no results, queues as in the policy table, broker keys of this shop alone."""
    if settings.broker_url is None:
        raise SettingsError(["BROKER_URL is not set and no `backhaul up` is running with its own broker here."])
    socket = {"socket_timeout": 10, "socket_connect_timeout": 5, "socket_keepalive": True}
    return {
        "broker_url": settings.broker_url,
        "broker_use_ssl": _tls(settings),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "global_keyprefix": f"backhaul:{settings.shop}:",
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "priority_steps": [0, 3, 6, 9],
            "queue_order_strategy": "priority",
            "health_check_interval": HEALTH_CHECK_EVERY,
            "max_retries": 1,
            **socket,
        },
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_create_missing_queues": False,
        "task_queues": [_queue(name) for name in POLICIES],
        "task_default_queue": "polling",
        "task_default_priority": ORDINARY,
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "worker_enable_remote_control": True,
        "timezone": "UTC",
        "enable_utc": True,
        "beat_schedule": beat_schedule(settings),
        "beat_max_loop_interval": 1,
        "beat_scheduler": "tasks.beat:Rings",
    }


def _tls(settings: Settings) -> dict[str, Any] | bool:
    """Without these, kombu takes any certificate of a `rediss://` broker for good."""
    if not (settings.broker_url or "").startswith("rediss:"):
        return False
    trusted = {} if settings.tls_ca_file is None else {"ssl_ca_certs": str(settings.tls_ca_file)}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **trusted}


def _queue(name: str) -> Queue:
    # An exchange of its own: on the default one, a message for one queue would be delivered to all six.
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]  # kombu ships no types


configuration = make_configuration(Settings.load())
