"""What the processes of a fleet find in their environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from integration.settings import Settings

FLEET_ID = "BACKHAUL_FLEET_ID"
"""The variable by which a process knows whose it is."""

FLEET_HEADER = "Backhaul-Fleet"
"""The header in which the web process tells it to `up`, which may find another fleet's on its port."""


def fleet_environment(
    settings: Settings, *, broker_url: str, flower_basic_auth: str, fleet_id: str = ""
) -> dict[str, str]:
    """The caller's environment, with what `backhaul up` has decided for its processes.

    Secrets travel here and not on command lines, which everybody on the machine can read.

    :param flower_basic_auth: `user:password`; Flower shows its pages to nobody else.
    """
    return {
        "FLOWER_ADDRESS": "127.0.0.1",  # Flower itself would listen on every address
        **os.environ,
        # `celery` and `backhaul` are found even where the virtual environment was never activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        FLEET_ID: fleet_id,
        "BACKHAUL_DATA_DIR": str(settings.backhaul_data_dir),
        "BROKER_URL": broker_url,
        "FLOWER_PORT": str(settings.flower_port),
        "FLOWER_BASIC_AUTH": flower_basic_auth,
    }
