"""Which ledger this is, how far it has come, and whether it may send."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base, Facts


class StandingRow(Base):
    """A shop's ledger. `mode`: normal, or recovery, in which nothing is sent that nobody may send twice.

    `ledger_id`, `epoch`, `sends` and `last_send`: see `integration.domain.high_water.Mark`. `reason`: first_look,
    history, older_ledger or another_ledger.
    """

    __tablename__ = "standings"

    shop: Mapped[str] = mapped_column(primary_key=True)
    ledger_id: Mapped[uuid.UUID] = mapped_column(Uuid, default=uuid.uuid4)
    epoch: Mapped[int] = mapped_column(default=0)
    sends: Mapped[int] = mapped_column(default=0)
    last_send: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    mode: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime]
    gap_from: Mapped[datetime | None]
    """When the ledger's last entry was made before the recovery: of what happened later it knows nothing."""
    mark_seen: Mapped[Facts | None]
    """The mark that it was compared with."""
    returns_read_at: Mapped[datetime | None]
    """When the first complete pass over the returns (RT11) was over that began since then."""
    verdicts_read_at: Mapped[datetime | None]
    """The same of the verdicts (W2)."""
