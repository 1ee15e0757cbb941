"""`python -m integration.ledger.migrations`: bring the ledger of DATABASE_URL to this version."""

from __future__ import annotations

import sys

from integration.errors import BackhaulError
from integration.ledger.engine import engine_of
from integration.ledger.readiness import bring_to_this_version
from integration.settings import Settings

try:
    bring_to_this_version(engine_of(Settings.load()))
except BackhaulError as refused:
    sys.exit(str(refused))
