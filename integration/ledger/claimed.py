"""What the holder of a claim may do with it while it works, under its token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from integration.ledger.intents import FenceLost
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent


def remember(tx: Tx, intent: Intent, plan: Facts) -> None:
    """Keep what was seen for the intent's next run.

    :raises FenceLost: when the claim is no longer ours.
    """
    _write(tx, intent, plan=plan)
    intent.plan = plan


def renew(tx: Tx, intent: Intent, *, lease: float) -> None:
    """Keep the claim for `lease` seconds from now on, for work after which nothing is sent.

    :raises FenceLost: when the claim is no longer ours.
    """
    _write(tx, intent, lease_until=tx.now + timedelta(seconds=lease))


def _write(tx: Tx, intent: Intent, **values: Any) -> None:
    mine = (Intent.id == intent.id, Intent.token == intent.token, Intent.state == intent.state)
    result = tx.session.execute(
        update(Intent).where(*mine).values(**values).execution_options(synchronize_session=False)
    )
    # An UPDATE's result is a CursorResult, which has a row count.
    if int(result.rowcount) != 1:  # type: ignore[attr-defined]
        raise FenceLost(f"intent {intent.id} ({intent.kind}) has a newer claim than token {intent.token}")
