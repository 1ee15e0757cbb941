"""One order on its way back, a marketplace that misbehaves, and processes whose bells, clock and lives a test holds."""

from __future__ import annotations

import http.client
import random
import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import get_return
from integration.ledger.reviews import reviews
from integration.ledger.store import Ring
from integration.ledger.tables import Base, Intent, JournalEntry
from integration.reveni.wire import WebhookEvent
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_verdict import store_event
from integration.usecases.refusal import Refused
from integration.usecases.replay import replay
from integration.usecases.resolve_review import resolve_review
from integration.usecases.sweep import sweep
from tasks.policy import REFUND
from tests.inline_fleet import IMPATIENT, InlineFleet, begin_at_work
from tests.unit.usecases.mortal import Clock, Process, Witness, mortal

LINES: Final = ("L-1", "L-2")
UNITS: Final = 5
SOLD: Final = UNITS + 2
PRICE: Final = Decimal("10.00")
"""Of each line so many units were sold at this price, and so many come back, for a reason that puts none on sale again.
One more was refunded before the return was announced."""


PRODUCTION_PACE: Final = SandboxOptions(ceilings=False, debit_delay=0, refund_delay=0)
"""By a clock that nobody waits for; how often is asked is for other tests to count."""


class Truth:
    """What no process can know: which refund on the marketplace is the effect of which promise."""

    def __init__(self) -> None:
        self.effects: dict[uuid.UUID, list[str]] = {}
        """By promise, each refund that its calls have made."""
        self.known: dict[uuid.UUID, set[str]] = {}
        """By promise, the refunds that were there when its order was read before its first call."""
        self.on_its_way: list[tuple[uuid.UUID, str, float]] = []
        """Calls that nobody waits for any more and that have not arrived: whose, the body, when they left."""
        self.left: list[float] = []
        """When each call left, by the process's clock."""
        self.unclaimed: list[uuid.UUID] = []
        """Promises for which a call left when their claim was over, or another's."""
        self.for_units: set[str] = set()
        """Refunds that a person made for a unit that came back."""


class RefundWitness(Witness):
    def __init__(self, stage: Stage, intent_id: uuid.UUID) -> None:
        self._stage, self._intent_id = stage, intent_id
        self._seen: set[str] = set()
        self._before: set[str] | None = None

    def reads(self) -> None:
        self._seen = self._stage.ids()

    def leaves(self) -> None:
        if not self._stage.is_claimed(self._intent_id):
            self._stage.truth.unclaimed.append(self._intent_id)
        self._stage.truth.known.setdefault(self._intent_id, self._seen)
        self._stage.truth.left.append(self._stage.clock.monotonic())
        self._before = self._stage.ids()

    def is_over(self) -> None:
        if self._before is None:
            return
        made = sorted(self._stage.ids() - self._before)
        self._stage.truth.effects.setdefault(self._intent_id, []).extend(made)
        self._before = None
        if self._stage.next_is_late and not made:
            call = self._stage.sandbox.calls("OR28")[-1]
            if call["status"] is None:  # it was lost, so it may still be on its way
                self._stage.next_is_late = False
                self._stage.truth.on_its_way.append((self._intent_id, call["body"], self._stage.clock.monotonic()))


class Stage:
    """Reset for each story."""

    def __init__(self, fleet: InlineFleet, sandbox: SandboxClient, clock: Clock) -> None:
        self.fleet, self.sandbox, self.clock = fleet, sandbox, clock

    def reset(self, *, ahead: float = 0.0) -> None:
        """The parcel is known in Reveni; nothing is judged, and no bell rings.

        :param ahead: seconds by which the marketplace's clock is ahead of ours.
        """
        self.sandbox.reset()
        with self.fleet.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
        self._lose_mark()
        for mark in self.fleet.settings.backhaul_data_dir.glob("*.mark.json"):
            mark.unlink()  # else the emptied ledger would be found out
        begin_at_work(self.fleet.ports.ledger)
        self.clock.reset()
        self.clock.ahead = timedelta(seconds=ahead)
        chance = random.Random(1)  # noqa: S311 - chance, not secrecy
        self.ports = replace(self.fleet.ports, spread=chance)
        self.truth, self.next_is_late = Truth(), False
        self.rings, self.rung = [], []  # type: list[Ring], list[Ring]
        self._events = count(1)
        self.accepted = dict.fromkeys(LINES, 0)
        self.restored = 0
        self._send_back()
        self.back_up()

    def accept(self, line: str) -> None:
        """The warehouse takes one more unit, Reveni tells of it, and the verdict is read: a refund is due."""
        self.sandbox.judge(self.return_id, line, accepted=1)
        self.accepted[line] += 1
        self.tell()
        self.work()

    def tell(self) -> None:
        """Reveni's webhook, whether or not there is news."""
        facts = {"id": f"evt-{next(self._events)}", "event": "return.updated"}
        event = WebhookEvent.model_validate({**facts, "data": {"resource_id": self._reveni_id}})
        with self.fleet.ports.ledger.write() as tx:
            store_event(tx, event)
        self._hear()

    def take(self, intent_id: uuid.UUID) -> Process:
        """A worker takes a message about this refund, and goes on from here as far as it is let."""

        def work(process: Process) -> None:
            carry_out(mortal(self.ports, process), ACTS["push_refund"], intent_id, retry=REFUND.retry)

        return Process(work, about=intent_id, witness=RefundWitness(self, intent_id))

    def let(self, process: Process, steps: int | None = None) -> None:
        """Let a process go on: so many steps, or to its end."""
        if steps is None:
            process.finish()
        else:
            process.go_on(steps)
        self._hear()

    def kill(self, process: Process, *, in_transaction: bool) -> None:
        """Where it stands, or in its next transaction."""
        process.kill(in_transaction=in_transaction)
        self._hear()

    def work(self) -> None:
        """All that is rung for is done, but for refunds: these are for `take`."""
        while others := [ring for ring in self.rings if ring.kind != "push_refund"]:
            self.rings.remove(others[0])
            carry_out(self.ports, ACTS[others[0].kind], others[0].intent_id, retry=IMPATIENT)
            self._hear()

    def deliver_all(self) -> None:
        """Whatever is rung for is carried out, also what is rung for by that."""
        self.work()
        while self.rings:
            self.let(self.take(self.rings.pop(0).intent_id))
            self.work()

    def wait(self, seconds: float) -> None:
        """Time passes, and the sweeper comes."""
        self.clock.move(seconds)
        sweep(self.fleet.ports)
        self._hear()
        self.work()

    def due(self) -> list[Ring]:
        """The bells of refunds that somebody could claim now."""
        rings = [ring for ring in self.rings if ring.kind == "push_refund"]
        claimable = self._claimable() if rings else set()
        return [ring for ring in rings if ring.intent_id in claimable]

    def is_claimed(self, intent_id: uuid.UUID) -> bool:
        """Whether somebody has a claim that is good."""
        with self.fleet.ports.ledger.read() as tx:
            intent = intents.get(tx, intent_id)
            assert intent is not None
            return intent.state == "claimed" and intent.lease_until is not None and intent.lease_until > tx.now

    def _claimable(self) -> set[uuid.UUID]:
        with self.fleet.ports.ledger.read() as tx:
            ours = tx.session.scalars(select(Intent).filter_by(kind="push_refund")).all()
            in_flight = [one for one in ours if one.state in ("claimed", "unknown")]  # at most one of the order
            free = [one for one in in_flight if one.state == "unknown" and (one.lease_until or tx.now) <= tx.now]
            if not in_flight:
                free = [one for one in ours if one.state == "decided"]
            return {one.id for one in free if one.due_at <= tx.now}

    def land(self) -> None:
        """The oldest call that was on its way arrives; who sent it has long hung up."""
        intent_id, body, _ = self.truth.on_its_way.pop(0)
        before = self.ids()
        self.sandbox.clear_faults()  # what is to spoil the next call is for others
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.url).netloc, timeout=30)
        headers = {"Authorization": self.sandbox.environment()["MIRAKL_API_KEY"], "Content-Type": "application/json"}
        connection.request("PUT", "/api/orders/refund", body, headers)
        connection.getresponse().read()
        connection.close()
        self.truth.effects.setdefault(intent_id, []).extend(sorted(self.ids() - before))

    def replay(self, refund: Refund) -> None:
        """A person has it taken up again."""
        replay(self.fleet.ports, "refund", str(refund.row.id), apply=True)
        self._hear()

    def tell_the_truth(self, refund: Refund) -> None:
        """A person who knows what became of a held refund says so: it is that one on Mirakl, or it is not there."""
        with self.fleet.ports.ledger.read() as tx:
            (review,) = [one.id for one in reviews(tx) if one.subject == str(refund.row.id)]
        if refund.intent is not None and refund.intent.reason == "units_refunded_already":
            resolve_review(self.fleet.ports, review, "dismiss", note="they are")
        elif effects := self.effects().get(refund.row.id) or self._loose(refund) or self._elsewhere(refund):
            resolve_review(self.fleet.ports, review, "done", note="seen", mirakl_refund_id=effects[0])
        else:
            try:
                resolve_review(self.fleet.ports, review, "send_again", note="not there")
            except Refused:  # it would only be held again: its cause is gone, so it is taken up
                self.replay(refund)
        self._hear()

    def effects(self) -> dict[uuid.UUID, list[str]]:
        """By refund, what its calls have made, but for what another one has been taken for.

        Of two refunds of one line that are equal in every figure, the one may have what was made for the other.
        """
        owners = {one.row.mirakl_refund_id: one.row.id for one in self.refunds()}
        made = self.truth.effects.items()
        return {whose: [one for one in ids if owners.get(one, whose) == whose] for whose, ids in made}

    def _loose(self, refund: Refund) -> list[str]:
        """What was made on its line for refunds that have found another one, so that it is nobody's."""
        settled = {one.row.id: one.row.mirakl_refund_id for one in self.refunds() if one.row.mirakl_refund_id}
        made = {one for whose, left in self.effects().items() if whose in settled for one in left} - {*settled.values()}
        return [one["refund_id"] for one in self.made()[refund.row.order_line_id] if one["refund_id"] in made]

    def _elsewhere(self, refund: Refund) -> list[str]:
        """What was refunded of the units that came back, and is nobody's in this ledger: by a person, or before it was
        restored."""
        owned = {one.row.mirakl_refund_id for one in self.refunds()}
        of_line = self.made()[refund.row.order_line_id]
        return [one["refund_id"] for one in of_line if self.is_for_units(one) and one["refund_id"] not in owned]

    def is_for_units(self, made: dict[str, Any]) -> bool:
        """Whether a refund in the sandbox's books pays units that came back."""
        return made["origin"] == "api" or made["refund_id"] in self.truth.for_units

    def unpaid(self, line: str) -> int:
        """Units that came back and that nobody has refunded, nor is about to."""
        paid: int = sum(one["quantity"] for one in self.made()[line] if self.is_for_units(one))
        ours = [one for one in self.refunds() if one.row.order_line_id == line]
        coming = sum(one.row.quantity or 0 for one in ours if one.state in ("claimed", "unknown"))
        return self.accepted[line] - paid - coming

    def back_up(self) -> None:
        """Keep a copy of the ledger as it is now."""
        self._backup = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(str(self.fleet.engine.url.database))) as ledger:
            ledger.backup(self._backup)

    def restore(self) -> None:
        """The fleet stands still; its ledger is as old as the copy; Reveni is polled.

        The mark outside it is lost as well: with it, nothing would be sent (`test_recovery.py`). What is shown here
        holds without.
        """
        while self.truth.on_its_way:
            self.land()
        self.fleet.engine.dispose()
        with closing(sqlite3.connect(str(self.fleet.engine.url.database))) as ledger:
            self._backup.backup(ledger)
        self._lose_mark()
        self.rings.clear()
        self.restored += 1
        self.tell()
        self.work()

    def _lose_mark(self) -> None:
        (self.fleet.settings.backhaul_data_dir / f"{self.fleet.settings.shop}.mark.json").unlink(missing_ok=True)

    def made(self) -> dict[str, list[dict[str, Any]]]:
        """The sandbox's own books: every refund of each line but the one from before the return."""
        known = self.sandbox.books()["refunds"]
        return {line: [one for one in known.get(line, []) if one["refund_id"] not in self.before] for line in LINES}

    def ids(self) -> set[str]:
        return {one["refund_id"] for line in self.made().values() for one in line}

    def refunds(self) -> list[Refund]:
        """Ours, as the ledger knows them."""
        with self.fleet.ports.ledger.read() as tx:
            return [one for one in refunds(tx, order_id=self.order_id) if one.intent is not None]

    def journal(self, refund: Refund) -> list[JournalEntry]:
        with self.fleet.ports.ledger.read() as tx:
            return journal_of(tx, refund.row.id)

    def open_promises(self) -> list[str]:
        with self.fleet.ports.ledger.read() as tx:
            found = tx.session.scalars(select(Intent).where(Intent.state.in_(("decided", "claimed", "unknown"))))
            return [f"{intent.kind} {intent.state}: {intent.reason}" for intent in found]

    def _hear(self) -> None:
        heard = self.fleet.take_rings()
        self.rings += heard
        self.rung += heard

    def _send_back(self) -> None:
        facts = [{"sku": f"SKU-{line}", "quantity": SOLD, "unit_price": PRICE, "order_line_id": line} for line in LINES]
        self.order_id = self.sandbox.seed_order(state="RECEIVED", lines=facts)
        self.before = {self.sandbox.refund_externally(line, amount=PRICE) for line in LINES}
        back = [{"order_line_id": line, "quantity": UNITS, "reason_code": "RETURN_DEFECTIVE_ITEM"} for line in LINES]
        self.return_id = self.sandbox.open_return(self.order_id, back)
        poll_returns(self.fleet.ports)
        self._hear()
        self.work()
        with self.fleet.ports.ledger.read() as tx:
            row = get_return(tx, self.return_id)
        assert row is not None
        self._reveni_id = row.reveni_return_id
