"""Say which mapped refund reasons Mirakl (RE01) does not allow any more, and which codes are new there, once a day."""

from __future__ import annotations

import logging
from math import inf

from integration.ledger.marks import alert_once, forget_alerts, keep_reference, kept_reference
from integration.usecases.polling import begun_and_noted
from integration.usecases.ports import Ports
from mappings import illegal_refund_reasons

log = logging.getLogger(__name__)

TOLD = "RE01 told"
"""The codes of RE01 as they were when this was last looked at."""


def watch_reasons(ports: Ports) -> str:
    """Hold the tables in force against RE01, which is read anew where what is kept of it is a day old.

    A code that is not allowed is told once, here or with the first return it holds, until it is allowed again.
    """
    reasons = begun_and_noted(ports, "watch_reasons", ports.reference.refund_reasons)
    tables = ports.mappings.current()
    mapped = {row.mirakl_refund_reason for row in tables.return_reasons.rows}
    legal = {code for code in mapped if reasons.get(code) == ("REFUND", True)}
    with ports.ledger.write() as tx:
        tx.lock("alert:illegal_refund_reason")
        before = kept_reference(tx, TOLD, younger_than=inf)
        if before is None or before["codes"] != sorted(reasons):
            keep_reference(tx, TOLD, {"codes": sorted(reasons)})
        forget_alerts(tx, "illegal_refund_reason", legal)
        news = [code for code in sorted(mapped - legal) if alert_once(tx, "illegal_refund_reason", code)]
    if news:
        problems = "; ".join(illegal_refund_reasons(tables, reasons))
        log.error("returns mapped to these are held: %s", problems, extra={"alert": "refund_reason_withdrawn"})
    known = set(reasons if before is None else before["codes"])
    gained, dropped = sorted(reasons.keys() - known), sorted(known - reasons.keys())
    if gained or dropped:
        log.info("RE01 gained %s and dropped %s", ", ".join(gained) or "nothing", ", ".join(dropped) or "nothing")
    return f"{len(mapped - legal)} not allowed, {len(gained)} gained, {len(dropped)} dropped"
