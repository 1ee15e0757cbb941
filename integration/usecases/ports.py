"""What a use case may reach: the ledger, the other systems, the tables of the seller."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from integration.bigcommerce.client import BigCommerce
from integration.high_water import HighWaterMark
from integration.ledger.ceilings import FleetGate
from integration.ledger.store import Ledger
from integration.mirakl.client import Mirakl
from integration.reveni.client import Reveni
from integration.settings import Settings
from integration.usecases.reference import Reference
from mappings import LiveMappings


@dataclass(frozen=True)
class Ports:
    """Made by `integration.wiring`, once per process."""

    settings: Settings
    ledger: Ledger
    mark: HighWaterMark
    gate: FleetGate
    mirakl: Mirakl
    reveni: Reveni
    bigcommerce: BigCommerce | None
    mappings: LiveMappings
    reference: Reference
    spread: random.Random = field(default_factory=random.SystemRandom)
    """Where the randomness of retry delays comes from."""
