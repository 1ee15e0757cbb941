"""Variables that were meant for Backhaul and are none of its settings: a limit that is misspelt would be no limit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from integration.settings import Settings

OURS = ("MIRAKL_", "REVENI_", "BIGCOMMERCE_", "BACKHAUL_", "ACCEPTANCE_", "REFUND_", "RETURN_", "SKU_", "MAPPINGS_")
"""Whoever begins a variable with one of these means Backhaul. Other beginnings (WEB_, DATABASE_, FLOWER_, SENTRY_, …)
others use too: there, only what is nearly one of our settings is told."""

BESIDE = frozenset({"FLOWER_ADDRESS", "BACKHAUL_FLEET_ID", "MIRAKL_OPENAPI"})
"""No settings of the fleet, and known: Flower's own address, what `up` gives its processes, and what the tests read."""

NEARLY = 0.85
"""How alike two names are, from 0 to 1, where one is the other misspelt. FLOWER_PERSISTENT is not FLOWER_PORT."""

# Kubernetes sets these for each service of a namespace; a service may be called `web` or `refund`.
OF_KUBERNETES = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)$")


def misspelt(environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> list[str]:
    """A sentence for each variable that seems to be meant for Backhaul and is unknown, without its value.

    :param environment: this process's where it is not given.
    :param dotenv: the file that is read besides.
    """
    settings = [name.upper() for name in Settings.model_fields]
    given = {
        *(os.environ if environment is None else environment),
        *(dotenv_values(dotenv) if dotenv.is_file() else {}),
    }
    sentences = []
    for name in sorted(given):
        written = name.upper()
        if written in settings or written in BESIDE or OF_KUBERNETES.search(written):
            continue
        nearly = [] if _longer(written, settings) else get_close_matches(written, settings, 1, NEARLY)
        if nearly or written.startswith(OURS):
            nearest = nearly or get_close_matches(written, settings, 1, 0.0)
            sentences.append(f"{name} is no setting of Backhaul and has no effect: is {nearest[0]} meant?")
    return sentences


def _longer(name: str, settings: list[str]) -> bool:
    """Somebody else's variable that is made of the name of ours, such as PG_DATABASE_URL."""
    return any(name.endswith(f"_{setting}") or name.startswith(f"{setting}_") for setting in settings)
