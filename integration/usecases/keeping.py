"""How every promise is kept: claim → write ahead → send → record, and, where the outcome is unknown, read back.

Nothing foreign happens inside a transaction, and nothing is sent that is not committed first. Whatever kills this
process leaves an intent that says how far it came; its lease ends, it becomes `unknown`, and reading settles it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from integration.departure import leaving_before
from integration.domain.orders import Waits
from integration.domain.retry import RetryPolicy
from integration.errors import CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable, TooManyCalls
from integration.ledger import intents
from integration.ledger.intents import FenceLost
from integration.ledger.store import Tx
from integration.ledger.tables import Intent
from integration.usecases.acts import Act, AlreadyThere, WaitsFor
from integration.usecases.ports import Ports

SETTLING = 60.0
"""Seconds before the first read-back of an unknown outcome: the call's deadline and what Mirakl may take beyond it."""

BETWEEN_ABSENCES = 600.0
"""Seconds between the two reads that must both find nothing before anything is sent again."""

MAX_SENDS = 2
"""Sendings of one intent that happen by themselves; a third needs a person."""

MAX_SURPRISES = 10
"""Attempts of one intent that may end in an error nobody foresaw, before a person is asked."""

CREDENTIALS_PAUSE = 300.0
"""Seconds until the next try after a 401 or 403: a key is mended by a person."""

READY = "ready"
"""What is prepared and not sent yet."""

REFUSED = 400
"""The status of a refusal of which the ledger has kept the words: Mirakl has no other for them."""

TOO_MANY_CALLS = "too_many_calls"
"""Why a call that was answered with 429 is made again: it counts as never sent, and that is taken on trust."""

SENT_AGAIN = "sent_again_by_hand"
"""Why a call is made again of which a person says that it had no effect: as far as they can see."""


@contextmanager
def while_claimed(send_before: float) -> Iterator[None]:
    """What is sent inside leaves while the claim is good, or not at all.

    :raises Retryable: it is too late already, or became so on the way; nothing has left.
    """
    if time.monotonic() > send_before:
        raise Retryable("the claim was too old to send", retry_after=0.0)
    with leaving_before(send_before):
        yield


class Keeping:
    """One run of one intent, from its claim to its record."""

    def __init__(self, ports: Ports, act: Act[Any, Any], intent: Intent, retry: RetryPolicy) -> None:
        self.ports, self.act, self.intent, self.retry = ports, act, intent, retry
        lease, deadline = ports.settings.claim_lease, ports.settings.call_deadline
        self.send_before = time.monotonic() + lease - deadline
        """A send that began later could outlive the claim (a stopped process does not notice time passing)."""
        self.sent = False
        """An error that nobody foresaw leaves the outcome unknown from here on, also one in recording the answer."""

    def run(self) -> str:
        """Take the intent as far as it goes now; the word for the log says how far."""
        if self.intent.state == "unknown":
            return self._guard(self._read_back)
        return self._guard(self._prepare_and_send)

    def _guard(self, step: Any) -> str:
        try:
            return str(step())
        except FenceLost:
            raise
        except Held as held:
            return self._hold(held)
        except WaitsFor as waits:
            return self._again(waits.reason, waits.seconds)
        except Waits as waits:
            return self._again(waits.reason, self._delay())
        except Retryable as failure:
            return self._turned_away(failure)
        except Exception as surprise:
            self._surprised(type(surprise).__name__)  # its text may hold anything
            raise

    def _prepare_and_send(self) -> str:
        return self._prepare() or self._write_ahead_and_send()

    def _prepare(self) -> str | None:
        """How it ended before anything was sent; None where `prepared` is to be written ahead and sent now."""
        try:
            self.prepared = self.act.prepare(self.ports, self.intent)
        except AlreadyThere as found:
            return self._record(found.answer)
        if self.act.reads_only:
            return self._record(self.prepared)
        return None

    def _write_ahead_and_send(self) -> str:
        with self.ports.ledger.write() as tx:
            self.write_ahead(tx)
        self.sent = True
        try:
            with while_claimed(self.send_before):
                answer = self.act.send(self.ports, self.prepared)
        except Exception as failure:  # classified to the last one: bytes may have left
            return self._classify(failure)
        return self._record(answer)

    def make_ready(self) -> str:
        """Prepare, for whoever sends several in one call: `READY` to be written ahead, or how it ended before."""
        return self._guard(lambda: self._prepare() or READY)

    def write_ahead(self, tx: Tx) -> None:
        """Note what is about to be sent; the transaction must have committed before the first byte leaves."""
        intents.write_ahead(tx, self.intent, self.act.plan(self.intent, self.prepared))

    def answered(self, answer: Any) -> str:
        """Record what a shared call came to for this one."""
        self.sent = True
        return self._guard(lambda: self._record(answer))

    def refused_together(self, refusal: Rejected) -> str:
        """A shared call was refused as a whole, perhaps for another's sake: this one's next sending is its own."""
        return self._again("refused_together", 0.0, refusal.message)

    def send_at_once(self) -> Any:
        """The answer to what is written ahead already, for acts that go in batches.

        :raises Exception: as `Act.send` does; `unanswered` says what that means.
        """
        with while_claimed(self.send_before):
            return self.act.send(self.ports, self.act.prepare(self.ports, self.intent))

    def unanswered(self, failure: Exception) -> str:
        """What a sending without an answer means for the intent, in words.

        :raises Exception: what nobody foresaw, once the intent is safely `unknown`.
        """
        self.sent = True
        return self._guard(lambda: self._classify(failure))

    def _classify(self, failure: Exception) -> str:
        match failure:
            case OutcomeUnknown():
                return self._unknown("outcome_unknown", str(failure))
            case Rejected() if self.act.guarded or self.intent.sends > 1:
                return self._unknown("rejected", failure.message)
            case Rejected():
                return self._refused(failure)
            case Retryable():  # never left, or turned away at the door
                return self._turned_away(failure, unsent=True)
        raise failure

    def _read_back(self) -> str:
        intent = self.intent
        if intent.sent_at is None:  # the claim expired before the write-ahead, and its holder has lost the fence
            return self._again("claim_expired_before_sending", 0.0, no_effect=True)
        answer = self.act.read_back(self.ports, intent)
        if answer is not None:
            return self._record(answer)
        if self.act.guarded and intent.reason == "rejected" and intent.sends >= self.act.patience:
            raise Held(f"{self.act.kind}_rejected", intent.detail or "no message", {"sends": intent.sends})
        absences = intent.absences + 1
        refused = not self.act.guarded and intent.reason == "rejected"
        if not self.act.guarded and absences < 2:
            reason = "rejected" if refused else "not_found_once"
            return self._unknown(reason, intent.detail, wait=BETWEEN_ABSENCES, absences=absences)
        if refused:  # nor have earlier sendings had an effect, which might have been what it was refused for
            return self._refused(Rejected(intent.detail or "no message", status=REFUSED))
        if not self.act.guarded and intent.sends >= MAX_SENDS:
            raise Held(
                "unknown_outcome",
                f"Sent {intent.sends} times, no answer, and the other side does not show it: look there, then say "
                "either that it is done or that it is to be sent again.",
                {"sends": intent.sends, "plan": intent.plan},
            )
        wait = self._delay() if self.act.guarded else 0.0
        return self._again("not_found", wait, no_effect=True, absences=absences)

    def _refused(self, rejected: Rejected) -> str:
        """The last sending was refused, and no earlier one is on the other side: hold it, or try again later."""
        means = self.act.refused(self.intent, rejected)
        if isinstance(means, Held):
            raise means from None
        return self._again(means.reason, self._delay(), rejected.message, unsent=True, no_effect=True)

    def _turned_away(self, failure: Retryable, *, unsent: bool = False) -> str:
        if isinstance(failure, CredentialsRefused):
            pause = self.ports.settings.scaled(CREDENTIALS_PAUSE)
            return self._again("credentials_refused", pause, str(failure), unsent=unsent)
        wait = self._delay() if failure.retry_after is None else failure.retry_after
        if isinstance(failure, TooManyCalls) and not failure.told:
            wait = max(wait, self._delay())
        reason = TOO_MANY_CALLS if unsent and isinstance(failure, TooManyCalls) else "waiting_to_retry"
        return self._again(reason, wait, str(failure), unsent=unsent)

    def _record(self, answer: Any) -> str:
        state = self.intent.state
        try:
            with self.ports.ledger.write() as tx:
                self.record(tx, answer)
        except Exception:
            self.intent.state = state  # nothing of it was committed
            raise
        return "confirmed"

    def record(self, tx: Tx, answer: Any) -> None:
        """Confirm the intent, and write down what follows from the answer."""
        intents.settle(tx, self.intent, "confirmed", evidence=self.act.evidence(self.intent, answer))
        self.act.record(self.ports, tx, self.intent, answer)

    def _hold(self, held: Held) -> str:
        with self.ports.ledger.write() as tx:
            intents.settle(tx, self.intent, "held", reason=held.reason, detail=held.detail, evidence=held.evidence)
            self.act.hold(tx, self.intent, held)
        return f"held: {held.reason}"

    def _surprised(self, what: str) -> None:
        if self.sent:
            self._unknown("outcome_unknown", what)
        elif self.intent.attempts >= MAX_SURPRISES:
            self._hold(Held("unexpected_error", f"{what}, {self.intent.attempts} times."))
        else:
            self._again("unexpected_error", self._delay(), what)

    def _again(
        self,
        reason: str,
        seconds: float,
        detail: str | None = None,
        *,
        unsent: bool = False,
        no_effect: bool = False,
        absences: int | None = None,
    ) -> str:
        """Go on later; an unknown outcome stays unknown, unless reading has shown that it had no effect."""
        state = "decided"
        if self.intent.state == "unknown" and not no_effect:
            state, reason, detail = "unknown", self.intent.reason or reason, self.intent.detail
        with self.ports.ledger.write() as tx:
            due_at = tx.now + timedelta(seconds=seconds)
            intents.settle(
                tx,
                self.intent,
                state,
                reason=reason,
                detail=detail,
                due_at=due_at,
                absences=absences,
                unsent=unsent,
            )
        return f"{state} again in {seconds:.1f} s: {reason}"

    def _unknown(
        self, reason: str, detail: str | None, *, wait: float | None = None, absences: int | None = None
    ) -> str:
        settling = 0.0 if self.act.guarded else SETTLING
        seconds = self.ports.settings.scaled(settling if wait is None else wait)
        with self.ports.ledger.write() as tx:
            due_at = tx.now + timedelta(seconds=seconds)
            intents.settle(tx, self.intent, "unknown", reason=reason, detail=detail, due_at=due_at, absences=absences)
        return f"unknown: {reason}"

    def _delay(self) -> float:
        return self.ports.settings.scaled(self.retry.delay(self.intent.attempts, spread=self.ports.spread))
