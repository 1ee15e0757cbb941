"""Follow a stock import to its end (STO02) and read what it refused (STO03): COMPLETE is not yet success."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from integration.domain.stock import PARKED, StockSent, what_a_refusal_means
from integration.errors import Held
from integration.ledger import claimed
from integration.ledger.stock import get_import, lines_sent, movements
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.mirakl.wire.offers import StockImport
from integration.usecases.acts import Act, WaitsFor
from integration.usecases.compare_offers import overtaken, unexplained
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports
from integration.usecases.read_offers import keeping_the_claim, read_offers
from integration.usecases.stock_channel import open_channel

BETWEEN_LOOKS = 15.0
"""Seconds: STO02's published maximum is one call in 15 s."""

GOES_ON = frozenset({"WAITING", "RUNNING"})
"""The words of STO02 that say that an import is not over. Its list may grow at any time."""

ENDS_WITHIN = 3_600.0
"""Seconds, since the import was first looked at, that it may go on before a person is asked."""

UNKNOWN_FOR = 600.0
"""Seconds that STO02 may show a word that nobody knows: perhaps it shows another one next."""

NOT_OVER = "import_not_over"


@dataclass(frozen=True)
class Outcome:
    """`status`: COMPLETE or FAILED; `refusals`: Mirakl's message for each SKU that was refused; `unexplained`: SKUs
    whose offers show afterwards what neither the import nor sales explain; `again`: SKUs of which a newer file has set
    the stock master's level, which this one, ending late, may have set back."""

    status: str
    refusals: Mapping[str, str] = field(default_factory=dict)
    unexplained: Mapping[str, Held] = field(default_factory=dict)
    again: Collection[str] = ()


class FollowImport(Act[Outcome, Outcome]):
    """Ask until the import is over; then each movement is done, parked or held by its own line."""

    kind: ClassVar[str] = "follow_import"
    queue: ClassVar[str] = "restock"
    review_kind: ClassVar[str] = "stock"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Outcome:
        lines = {line["sku"]: StockSent(**line) for line in intent.plan.get("lines", [])}
        found = ports.mirakl.stock_import(intent.plan["import_id"])
        if found.status not in ("COMPLETE", "FAILED"):
            self._require_patience(ports, intent, found)
            raise WaitsFor("import_running", ports.settings.scaled(BETWEEN_LOOKS))
        refusals = _refusals(ports, found) if found.status == "COMPLETE" else {}
        _check_count(found, refusals, len(lines))
        applied = found.status == "COMPLETE"
        newer = {sku: line for sku, line in self._sent_since(ports, intent).items() if sku in lines}
        only_ours = lines.keys() - refusals.keys() - newer.keys()
        seen = read_offers(ports, only_ours, each_round=keeping_the_claim(ports, intent))
        strange = unexplained(ports, lines, seen.offers, applied=applied)
        if applied and ports.bigcommerce is None:
            strange |= overtaken(lines, newer)
        again = frozenset(newer) if ports.bigcommerce is not None else frozenset[str]()
        return Outcome(found.status, refusals, strange, again)

    def _sent_since(self, ports: Ports, intent: Intent) -> dict[str, StockSent]:
        """The first line of each SKU in the files that went after this import, which was held, and is looked at again:
        the offers show their doing.
        """
        with ports.ledger.read() as tx:
            sent_at = get_import(tx, uuid.UUID(intent.subject)).sent_at
            sent = lines_sent(tx, since=sent_at or intent.created_at)
        return {line["sku"]: StockSent(**line) for line in reversed(sent)}

    def _require_patience(self, ports: Ports, intent: Intent, found: StockImport) -> None:
        """An import that does not end would keep every other unit of the shop off sale.

        :raises Held: it was looked at for long enough.
        """
        with ports.ledger.write() as tx:
            since = intent.plan.get("looked_at_since")
            if since is None:
                since = tx.now.isoformat()
                claimed.remember(tx, intent, {**intent.plan, "looked_at_since": since})
            looked_for = (tx.now - datetime.fromisoformat(since)).total_seconds()
        if looked_for >= ports.settings.scaled(ENDS_WITHIN if found.status in GOES_ON else UNKNOWN_FOR):
            raise Held(
                NOT_OVER,
                f"Import {intent.plan['import_id']} shows the status {found.status} (STO02), and has not ended for "
                f"{looked_for:.0f} s. Look at it on Mirakl. Replay asks once more how it ended; units on sale: "
                "resolve with --done; units that certainly will not be: --send-again.",
                {"import_id": intent.plan["import_id"], "status": found.status, "looked_at_since": since},
            )

    def evidence(self, intent: Intent, answer: Outcome) -> Facts:
        unexplained_levels = {sku: held.evidence for sku, held in answer.unexplained.items()}
        return {"status": answer.status, "refusals": answer.refusals, "unexplained": unexplained_levels}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Outcome) -> None:
        row = get_import(tx, uuid.UUID(intent.subject))
        row.status, row.finished_at = answer.status, tx.now
        for movement in movements(tx, states=["sent"], import_id=row.id):
            if held := answer.unexplained.get(movement.sku):
                movement.import_id = None
                hold_movement(tx, movement, held)
            elif movement.sku in answer.again:
                movement.state, movement.import_id = "pending", None
            elif answer.status == "FAILED":
                _give_back(tx, movement)
            elif movement.sku in answer.refusals:
                _refuse(ports, tx, movement, answer.refusals[movement.sku])
            else:
                movement.state, movement.reason, movement.done_at = "done", None, tx.now
        tx.session.flush()
        open_channel(ports, tx)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        row = get_import(tx, uuid.UUID(intent.subject))
        row.finished_at, row.status = tx.now, "HELD"
        for movement in movements(tx, states=["sent"], import_id=row.id):
            hold_movement(tx, movement, held)


def _refusals(ports: Ports, found: StockImport) -> dict[str, str]:
    """Mirakl's message for each SKU that it refused (STO03)."""
    if not (found.lines_in_error or found.has_error_report):
        return {}
    errors = ports.mirakl.stock_import_errors(found.import_id)
    refusals = {error.sku: error.reason for error in errors if error.sku}
    if len(refusals) < (found.lines_in_error or 1):
        raise Held(
            "import_report_unreadable",
            f"Import {found.import_id} refused {found.lines_in_error} line(s) and its report (STO03) names "
            f"{len(refusals)}: compare the offers' quantities, then replay what did not arrive.",
        )
    return refusals


def _check_count(found: StockImport, refusals: Mapping[str, str], sent: int) -> None:
    """A line that Mirakl neither set nor refused is not on sale, whatever COMPLETE may say."""
    if found.lines_in_success is not None and found.status == "COMPLETE":
        told = found.lines_in_success + len(refusals)
        if told < sent:
            raise Held(
                "import_lines_missing",
                f"Import {found.import_id} is COMPLETE and tells of {told} of its {sent} lines: compare the offers' "
                "quantities, then replay what did not arrive.",
            )


def _give_back(tx: Tx, movement: MovementRow) -> None:
    """A file that failed as a whole has changed nothing: its units go with the next one, once."""
    movement.returned_imports += 1
    movement.import_id = None
    if movement.returned_imports > 1:
        hold_movement(tx, movement, Held("import_failed_twice", "Two stock imports with these units FAILED (STO02)."))
    else:
        movement.state, movement.reason = "pending", "import_failed"


def _refuse(ports: Ports, tx: Tx, movement: MovementRow, message: str) -> None:
    if what_a_refusal_means(message) == "held":
        movement.import_id = None
        hold_movement(tx, movement, Held("import_line_refused", f"Mirakl refused SKU {movement.sku}: {message}"))
        return
    movement.parked_times += 1
    wait = ports.settings.scaled(PARKED.delay(movement.parked_times, spread=ports.spread))
    movement.state, movement.reason, movement.detail = "parked", "product_not_live_yet", message
    movement.due_at = tx.now + timedelta(seconds=wait)
