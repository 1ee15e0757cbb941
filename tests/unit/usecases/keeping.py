"""One promise of a `LittleAct`, carried out turn by turn against a ledger on SQLite."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from integration.domain.retry import RetryPolicy
from integration.ledger import intents
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent
from integration.usecases.acts import Act
from integration.usecases.carry_out import carry_out
from integration.usecases.ports import Ports

RETRY = RetryPolicy(first=10, longest=600)


class Promise:
    """The promise of one act."""

    def __init__(self, ports: Ports, act: Act[Any, Any]) -> None:
        self.ports, self.act = ports, act
        with ports.ledger.write() as tx:
            self.id = intents.decide(tx, act.kind, "subject", group="group")[0].id

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger

    @property
    def now(self) -> Intent:
        with self.ledger.read() as tx:
            intent = intents.get(tx, self.id)
        assert intent is not None
        return intent

    @property
    def stands(self) -> tuple[str, str | None]:
        return self.now.state, self.now.reason

    def keep(self) -> str:
        """Carry it out, whenever it is due."""
        self.set(due_at=timedelta())
        return carry_out(self.ports, self.act, self.id, retry=RETRY)

    def due_in(self) -> float:
        """Seconds until it is due, by the ledger."""
        with self.ledger.read() as tx:
            return (self.now.due_at - tx.now).total_seconds()

    def set(self, **values: Any) -> None:
        """Change the row behind everybody's back; a timedelta is a time from now."""
        with self.ledger.write() as tx:
            known = {name: tx.now + value if isinstance(value, timedelta) else value for name, value in values.items()}
            tx.session.execute(update(Intent).where(Intent.id == self.id).values(**known))
