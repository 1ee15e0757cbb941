"""How many messages wait in the broker: what no Celery event and no Flower page tells."""

from __future__ import annotations

from tasks.app import app
from tasks.policy import POLICIES

PATIENCE = {"socket_timeout": 2, "socket_connect_timeout": 2}
"""Seconds, instead of a worker's: a broker that hangs is to be told of before whoever asks gives up."""


def broker_answers() -> None:
    """Raises when it does not."""
    with app.connection_for_read(transport_options=PATIENCE) as connection:
        connection.default_channel.client.ping()


def queue_depths() -> dict[str, int]:
    """By queue, whatever the messages' priority; raises when the broker does not answer."""
    with app.connection_for_read(transport_options=PATIENCE) as connection:
        channel = connection.default_channel
        return {queue: channel.queue_declare(queue=queue).message_count for queue in POLICIES}
