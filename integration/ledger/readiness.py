"""Whether the ledger can be used at all, said in a sentence before anything is read from it."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from integration.errors import BackhaulError
from integration.ledger.engine import check_durability
from integration.ledger.migrations import is_current, migrate
from integration.urls import masked


class LedgerUnusable(BackhaulError):
    """The database does not answer, or does not hold a ledger of this version."""


def has_current_tables(engine: Engine) -> bool:
    """Whether the database holds this version's tables.

    :raises LedgerUnusable: the database does not answer.
    :raises LedgerTooNew: it holds a newer version's tables.
    """
    try:
        return is_current(engine)
    except SQLAlchemyError as failure:
        raise LedgerUnusable(_does_not_answer(engine, failure)) from None


def require_current_tables(engine: Engine) -> None:
    """:raises LedgerUnusable, LedgerTooNew: the database does not answer, or has other tables than this version's."""
    if not has_current_tables(engine):
        raise LedgerUnusable(
            "The database holds no ledger of this version yet: start the fleet with `backhaul up`, "
            "or run `python -m integration.ledger.migrations`."
        )


def bring_to_this_version(engine: Engine) -> None:
    """Make the tables this version's, and see that the database forgets no commit.

    :raises LedgerUnusable: the database does not answer.
    :raises LedgerTooNew: it holds a newer version's tables; nothing was changed.
    :raises NotDurable: it may forget a commit.
    """
    try:
        migrate(engine)
        check_durability(engine)
    except SQLAlchemyError as failure:
        raise LedgerUnusable(_does_not_answer(engine, failure)) from None


def _does_not_answer(engine: Engine, failure: SQLAlchemyError) -> str:
    """PostgreSQL's own words may quote the address with the password; SQLite's are about a file."""
    shown = masked(engine.url.render_as_string(hide_password=True))
    if engine.dialect.name == "sqlite":
        cause = failure.orig if isinstance(failure, DBAPIError) else type(failure).__name__
        return (
            f"The ledger {shown} cannot be used ({cause}): check DATABASE_URL and BACKHAUL_DATA_DIR, "
            "and that this user may write into the ledger's folder."
        )
    return (
        f"The database {shown} does not answer ({type(failure).__name__}): "
        "check DATABASE_URL, and that the database runs."
    )
