"""`python -m integration.ledger.migrations`: bring the ledger of DATABASE_URL to this version."""

from __future__ import annotations

from integration.ledger.engine import check_durability, make_engine
from integration.ledger.migrations import migrate
from integration.settings import Settings

engine = make_engine(Settings.load().database_url)
migrate(engine)
check_durability(engine)
