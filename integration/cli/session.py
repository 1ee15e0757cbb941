"""What a command works with: the settings of the environment, and the ledger in the name of who is at the keyboard."""

from __future__ import annotations

import getpass
import os

from integration.errors import SettingsError
from integration.ledger.readiness import require_current_tables
from integration.ledger.store import Ledger
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.wiring import make_ledger, make_ports


def who() -> str:
    """Stands in the journal beside everything a command changes."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"cli:{os.getuid()}"


def find_ledger(settings: Settings) -> Ledger:
    """The ledger, which may not have its tables yet.

    :raises SettingsError: its file cannot be reached.
    """
    try:
        return make_ledger(settings, who=who())
    except OSError as failure:
        raise SettingsError([f"DATABASE_URL names a file that cannot be opened ({failure.strerror})."]) from None


def open_ledger() -> Ledger:
    """The ledger, ready to be read.

    :raises SettingsError: settings are missing or malformed.
    :raises LedgerUnusable: the database does not answer, or is not of this version.
    """
    ledger = find_ledger(Settings.load())
    require_current_tables(ledger.engine)
    return ledger


def open_ports() -> Ports:
    """The ledger and the other systems, for commands that act.

    :raises SettingsError, LedgerUnusable: as `open_ledger` does.
    :raises MappingError: a mapping file is not usable.
    """
    settings = Settings.load()
    ledger = find_ledger(settings)
    require_current_tables(ledger.engine)
    return make_ports(settings, who=who(), engine=ledger.engine)
