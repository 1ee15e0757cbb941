"""The steps of a return on Mirakl: accept (RT21), receive (RT25), close (RT27), cancel (RT29), and what they share with
assess (RT26).

They are alike: one call that names up to 100 returns, answered by a 200 with an error for each that did not move, and a
state on Mirakl that refuses a repeat. "Already there" is found by reading (RT11) and is success.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from integration.domain.pace import POLLS
from integration.domain.returns import CLOSED, ENDED_EARLY, IN_PROGRESS, RECEIVED
from integration.errors import Held, Rejected
from integration.ledger.readings import AWAITED, forget_reading, reading_of
from integration.ledger.returns import lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.mirakl.client import ReturnResults
from integration.mirakl.wire import Return
from integration.usecases.acts import Act, Prepared, WaitsFor
from integration.usecases.advance_return import advance, hold_step
from integration.usecases.ports import Ports


class ReturnStep(Act[Prepared, str]):
    """One step of one return; the answer is Mirakl's state of the return after it."""

    queue: ClassVar[str] = "reason-mapping"
    review_kind: ClassVar[str] = "return"
    guarded: ClassVar[bool] = True
    in_batches: ClassVar[bool] = True
    per_call: ClassVar[int] = 100
    leads_to: ClassVar[str]
    """Mirakl's state after the step."""

    reached_by: ClassVar[frozenset[str]]
    """Mirakl's states in which the step is done already."""

    def plan(self, intent: Intent, prepared: Prepared) -> Facts:
        return intent.plan

    def call(self, ports: Ports, prepared: Sequence[Prepared]) -> ReturnResults:
        raise NotImplementedError

    def return_id(self, prepared: Prepared) -> str:
        raise NotImplementedError

    def send(self, ports: Ports, prepared: Prepared) -> str:
        [answer] = self.send_together(ports, [prepared])
        if isinstance(answer, Rejected):
            raise answer
        return answer

    def send_together(self, ports: Ports, prepared: Sequence[Prepared]) -> Sequence[str | Rejected]:
        errors = self.call(ports, prepared).errors
        ids = [self.return_id(one) for one in prepared]
        return [Rejected(errors[one], status=200) if one in errors else self.leads_to for one in ids]

    def read_back(self, ports: Ports, intent: Intent) -> str | None:
        found = self.find(ports, intent)
        if found.state in ENDED_EARLY - self.reached_by:
            raise Held("return_ended_early", f"Return {intent.subject} is {found.state} on Mirakl.")
        return found.state if self.is_done(found) else None

    def is_done(self, found: Return) -> bool:
        return found.state in self.reached_by

    def find(self, ports: Ports, intent: Intent) -> Return:
        """What RT11 has shown since the last sending, or since the step was promised: its calls are counted, so
        `read_back_returns` makes one for all.

        :raises WaitsFor: nothing yet; whoever keeps what it shows has us look again.
        """
        with ports.ledger.read() as tx:
            reading = reading_of(tx, intent.subject)
        if reading is None or reading.asked_at <= (intent.sent_at or intent.created_at):
            raise WaitsFor(AWAITED, max(1.0, ports.settings.scaled(POLLS["poll_returns"].period)))
        if reading.body is None:
            raise Held("return_not_on_mirakl", f"RT11 does not show return {intent.subject}.")
        return Return.model_validate(reading.body)

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: str) -> None:
        row = lock_return(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        row.mirakl_state = answer
        advance(ports, tx, row)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_step(tx, intent, held)
        forget_reading(tx, intent.subject)


class PlainStep(ReturnStep[str]):
    """A step of which there is nothing to say but the return's id."""

    def prepare(self, ports: Ports, intent: Intent) -> str:
        return intent.subject

    def return_id(self, prepared: str) -> str:
        return prepared


class AcceptReturn(PlainStep):
    """RT21: the seller agrees to the return."""

    kind: ClassVar[str] = "accept_return"
    leads_to: ClassVar[str] = IN_PROGRESS
    reached_by: ClassVar[frozenset[str]] = frozenset({IN_PROGRESS, RECEIVED, CLOSED})

    def call(self, ports: Ports, prepared: Sequence[str]) -> ReturnResults:
        return ports.mirakl.accept_returns([(return_id, True) for return_id in prepared])


class ReceiveReturn(PlainStep):
    """RT25: the parcel has arrived, as the first verdict shows."""

    kind: ClassVar[str] = "receive_return"
    leads_to: ClassVar[str] = RECEIVED
    reached_by: ClassVar[frozenset[str]] = frozenset({RECEIVED, CLOSED})

    def call(self, ports: Ports, prepared: Sequence[str]) -> ReturnResults:
        return ports.mirakl.receive_returns(prepared)


class CloseReturn(PlainStep):
    """RT27: nothing is open any more; every refund that was due is confirmed."""

    kind: ClassVar[str] = "close_return"
    leads_to: ClassVar[str] = CLOSED
    reached_by: ClassVar[frozenset[str]] = frozenset({CLOSED})

    def call(self, ports: Ports, prepared: Sequence[str]) -> ReturnResults:
        return ports.mirakl.close_returns(prepared)


class CancelOnMirakl(PlainStep):
    """RT29: nothing will arrive, since the return expired in Reveni or was canceled there."""

    kind: ClassVar[str] = "cancel_on_mirakl"
    leads_to: ClassVar[str] = "CANCELED"
    reached_by: ClassVar[frozenset[str]] = ENDED_EARLY | {CLOSED}

    def call(self, ports: Ports, prepared: Sequence[str]) -> ReturnResults:
        return ports.mirakl.cancel_returns(prepared)
