"""One alert for each code that halts returns, however many it halts, until it is mended."""

from __future__ import annotations

from collections.abc import Collection

from integration.errors import Held
from integration.ledger.marks import alert_once, forget_alerts, given_alerts
from integration.ledger.store import Tx
from mappings import Mappings


def is_news(tx: Tx, held: Held) -> bool:
    """Whether a person has not been told of all the codes yet that this case is held for; of each, from now on."""
    codes = held.evidence.get("codes")
    if codes is None:
        return True
    tx.lock(f"alert:{held.reason}")
    return bool([code for code in codes if alert_once(tx, held.reason, code)])


def forget_mended(tx: Tx, tables: Mappings, *, legal: Collection[str] = ()) -> None:
    """Codes that have a row now, and refund reasons that RE01 allows: should they halt a return again, that is news."""
    lookups = {
        "unmapped_return_reason": tables.return_reasons.lookup,
        "unmapped_reject_reason": tables.reject_reasons.lookup,
    }
    for reason, lookup in lookups.items():
        forget_alerts(tx, reason, [code for code in given_alerts(tx, reason) if lookup(code) is not None])
    forget_alerts(tx, "illegal_refund_reason", legal)
