"""The ledger: short transactions, the database's clock, and a bell that is rung after the commit."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, Insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

log = logging.getLogger(__name__)

BELL_HORIZON = 60.0
"""Seconds. What is due later than this is a date in the ledger alone: the sweeper rings for it."""


@dataclass(frozen=True)
class Ring:
    """A wake-up for one intent: an id and no payload, so that whoever forges one can only wake somebody up."""

    kind: str
    intent_id: uuid.UUID
    delay: float = 0.0
    urgent: bool = False


Bell = Callable[[Sequence[Ring]], None]


def silent_bell(_rings: Sequence[Ring]) -> None:
    """The bell of processes that have no broker, such as the CLI: the sweeper finds what they decided."""


class Tx:
    """One transaction of one shop. `now` is the database's clock, read once."""

    def __init__(self, session: Session, shop: str, who: str) -> None:
        self.session = session
        self.shop = shop
        self.who = who
        self.rings: list[Ring] = []
        self.before_commit: list[Callable[[], None]] = []
        """What belongs to this transaction and is written last of all."""
        self.after_commit: list[Callable[[], None]] = []
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's time, aware, UTC: leases and due dates never depend on a worker's own clock."""
        # Not a cached_property: before Python 3.12 that holds one lock for all threads while it waits for the database.
        if self._now is None:
            self._now = self._read_clock()
        return self._now

    def _read_clock(self) -> datetime:
        if self.session.get_bind().dialect.name == "sqlite":
            stamp = self.session.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
            return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
        instant: datetime = self.session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return instant.astimezone(UTC)

    def lock(self, name: str) -> None:
        """Let one transaction of this shop at a time past this point. SQLite writers queue by themselves."""
        if self.session.get_bind().dialect.name == "postgresql":
            self.session.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": f"{self.shop}:{name}"},
            )

    def ring(self, kind: str, intent_id: uuid.UUID, *, due_at: datetime, urgent: bool = False) -> None:
        """Have the bell rung after the commit, unless it is due so late that the sweeper rings."""
        delay = max(0.0, (due_at - self.now).total_seconds())
        if delay <= BELL_HORIZON:
            self.rings.append(Ring(kind, intent_id, delay, urgent))


def insert_or_leave(tx: Tx, table: type[DeclarativeBase]) -> Insert:
    """An INSERT that leaves alone what is there already; with `returning` it says which rows were new.

    Who inserts several rows sorts them: two transactions that wait for each other's rows would be a deadlock.
    """
    insert = sqlite.insert if tx.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()


class Ledger:
    """Opens transactions for one shop.

    :param who: written into the journal with each transition: a queue's name, `web`, or the person at the CLI.
    :param bell: called with the rings of a transaction once it has committed; may fail without harm.
    """

    def __init__(self, engine: Engine, *, shop: str, who: str, bell: Bell = silent_bell) -> None:
        self.engine = engine
        self.shop = shop
        self.who = who
        self._bell = bell

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits at the end or leaves nothing behind. No foreign call belongs inside."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            tx = Tx(session, self.shop, self.who)
            yield tx
            for write in tx.before_commit:
                write()
        for act in tx.after_commit:
            act()
        if tx.rings:
            self._bell(tx.rings)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads and never waits for a writer."""
        reading = self.engine.execution_options(reading=True)
        with Session(reading, expire_on_commit=False) as session:
            yield Tx(session, self.shop, self.who)
