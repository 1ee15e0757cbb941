"""Whether the ledger can be used at all, said in a sentence before anything is read from it."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from integration.errors import BackhaulError
from integration.ledger.migrations import is_current
from integration.urls import masked


class LedgerUnusable(BackhaulError):
    """The database does not answer, or does not hold a ledger of this version."""


def has_current_tables(engine: Engine) -> bool:
    """Whether the database holds this version's tables.

    :raises LedgerUnusable: the database does not answer.
    """
    try:
        return is_current(engine)
    except SQLAlchemyError as failure:  # its text may quote the address with the password
        shown = masked(engine.url.render_as_string(hide_password=True))
        raise LedgerUnusable(
            f"The database {shown} does not answer ({type(failure).__name__}): "
            "check DATABASE_URL, and that the database runs."
        ) from None


def require_current_tables(engine: Engine) -> None:
    """:raises LedgerUnusable: the database does not answer, or has other tables than this version's."""
    if not has_current_tables(engine):
        raise LedgerUnusable(
            "The database holds no ledger of this version yet: start the fleet with `backhaul up`, "
            "or run `python -m integration.ledger.migrations`."
        )
