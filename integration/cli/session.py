"""What a command works with: the settings of the environment, and the ledger in the name of who is at the keyboard."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from integration.ledger.readiness import require_current_tables
from integration.ledger.store import Ledger, Tx
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.wiring import make_ledger, make_ports


def who() -> str:
    """Stands in the journal beside everything a command changes."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"cli:{os.getuid()}"


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger]:
    """The ledger, which may not have its tables yet; its connections are closed at the end."""
    ledger = make_ledger(settings, who=who())
    try:
        yield ledger
    finally:
        ledger.engine.dispose()


@contextmanager
def reading(shop: str | None = None) -> Iterator[Tx]:
    """A transaction that only reads, for commands that only show.

    :param shop: another shop than the one of the settings.
    :raises SettingsError: settings are missing or malformed.
    :raises LedgerUnusable: the database does not answer, or is not of this version.
    """
    with ledger_of(Settings.load(shop=shop)) as ledger:
        require_current_tables(ledger.engine)
        with ledger.read() as tx:
            yield tx


@contextmanager
def acting(shop: str | None = None) -> Iterator[Ports]:
    """The ledger and the other systems, for commands that act.

    :param shop: another shop than the one of the settings.
    :raises SettingsError, LedgerUnusable: as `reading` does.
    :raises MappingError: a mapping file is not usable.
    """
    settings = Settings.load(shop=shop)
    with ledger_of(settings) as ledger:
        require_current_tables(ledger.engine)
        yield make_ports(settings, who=ledger.who, engine=ledger.engine)
