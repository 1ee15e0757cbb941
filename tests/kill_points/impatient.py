"""A worker that looks for messages which another one seems to have left otherwise than the fleet's do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def looks_often(**options: Any) -> dict[str, str]:
    """The environment of a worker that looks five times a second, not every 5 s.

    :param options: further ones for kombu's Redis transport.
    """
    return {
        "PYTHONPATH": str(Path(__file__).parent),
        "TRANSPORT_OPTIONS": json.dumps({"unacked_restore_interval": 0.2, **options}),
    }


def hasten() -> None:
    """Lay the options of this process's environment over the fleet's: the product has no setting for them."""
    from tasks.configuration import configuration

    configuration["broker_transport_options"] |= json.loads(os.environ["TRANSPORT_OPTIONS"])
