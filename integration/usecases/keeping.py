"""How every promise is kept: claim → write ahead → send → record, and, where the outcome is unknown, read back.

Nothing foreign happens inside a transaction, and nothing is sent that is not committed first. Whatever kills this
process leaves an intent that says how far it came; its lease ends, it becomes `unknown`, and reading settles it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from integration.domain.high_water import Mark
from integration.domain.orders import Waits
from integration.domain.retry import RetryPolicy
from integration.errors import CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable, TooManyCalls
from integration.ledger import intents
from integration.ledger.intents import FenceLost
from integration.ledger.journal import CREDENTIALS_REFUSED, TOO_MANY_CALLS, turned_away
from integration.ledger.readings import AWAITED
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.acts import Act, AlreadyThere, WaitsFor
from integration.usecases.keep_mark import count_or_wait, leave_mark
from integration.usecases.ports import Ports
from integration.usecases.repeats import UNEXPECTED_ERROR, counted, in_a_row, unexpected
from integration.usecases.while_claimed import while_claimed

SETTLING = 60.0
"""Seconds before the first read-back of an unknown outcome: the call's deadline and what Mirakl may take beyond it."""

BETWEEN_ABSENCES = 600.0
"""Seconds between the two reads that must both find nothing before anything is sent again."""

MAX_SENDS = 2
"""Sendings of one intent that happen by themselves; a third needs a person."""

MAX_UNEXPECTED_ERRORS = 10
"""Errors in a row that nobody foresaw, before a person is asked."""

CREDENTIALS_PAUSE = 300.0
"""Seconds until the next try after a 401 or 403: a key is mended by a person."""

READY = "ready"
"""What is prepared and not sent yet."""

REFUSED = 400
"""The status of a refusal of which the ledger has kept the words: Mirakl has no other for them."""


class Keeping:
    """One run of one intent, from its claim to its record."""

    def __init__(self, ports: Ports, act: Act[Any, Any], intent: Intent, retry: RetryPolicy) -> None:
        self.ports, self.act, self.intent, self.retry = ports, act, intent, retry
        lease, deadline = ports.settings.claim_lease, ports.settings.call_deadline
        self.send_before = time.monotonic() + lease - deadline
        """A send that began later could outlive the claim (a stopped process does not notice time passing)."""
        self.mark: Mark | None = None
        """To be left outside the ledger before the first byte, where the call would have its effect each time."""
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
        except Waits as waits:
            return self._waits(waits)
        except Retryable as failure:
            return self._turned_away(failure)
        except Exception as surprise:
            self._surprised(type(surprise).__name__)  # its text may hold anything
            raise

    def _waits(self, waits: Waits) -> str:
        # Whoever waits for others to read has read nothing: refusals before it and after it are in a row.
        repeats = self._count(waits.reason, went_well=waits.reason != AWAITED)
        seconds = waits.seconds if isinstance(waits, WaitsFor) else self._delay(waits.reason, repeats)
        return self._again(waits.reason, seconds, repeats=repeats)

    def _prepare_and_send(self) -> str:
        return self._prepare() or self._write_ahead_and_send()

    def _prepare(self) -> str | None:
        """How it ended before anything was sent; None where `prepared` is to be written ahead and sent now."""
        if self._may_stand_on_the_other_side():
            answer = self.act.read_before_repeat(self.ports, self.intent)
            if answer is not None:
                return self._record(answer)
        try:
            self.prepared = self.act.prepare(self.ports, self.intent)
        except AlreadyThere as found:
            return self._record(found.answer)
        if self.act.reads_only:
            return self._record(self.prepared)
        return None

    def _may_stand_on_the_other_side(self) -> bool:
        """Whether the last sending was turned away once bytes had left: that it did nothing is taken on trust."""
        if self.act.guarded or self.act.reads_only or self.intent.attempts < 2:
            return False
        with self.ports.ledger.read() as tx:
            return turned_away(tx, self.intent.id)

    def _write_ahead_and_send(self) -> str:
        with self.ports.ledger.write() as tx:
            self.write_ahead(tx)
        self.sent = True
        try:
            leave_mark(self.ports, self.mark)
            with while_claimed(self.send_before):
                answer = self.act.send(self.ports, self.prepared)
        except Exception as failure:  # classified to the last one: bytes may have left
            return self._classify(failure)
        return self._record(answer)

    def make_ready(self) -> str:
        """Prepare, for whoever sends several in one call: `READY` to be written ahead, or how it ended before."""
        return self._guard(lambda: self._prepare() or READY)

    def write_ahead(self, tx: Tx) -> None:
        """Note what is about to be sent; the transaction must have committed before the first byte leaves.

        :raises WaitsFor: the ledger is in recovery, and this is not sent then.
        :raises Held: as `Act.look_again` does.
        """
        self.mark = count_or_wait(self.ports, tx, self.act)
        self.act.look_again(tx, self.intent)
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
                return self._unknown("rejected", failure.message, repeats=self._count("rejected"))
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
        refusals = in_a_row(intent.repeats, "rejected")
        if self.act.guarded and intent.reason == "rejected" and refusals >= self.act.max_refusals:
            raise Held(f"{self.act.kind}_rejected", intent.detail or "no message", {"refusals": refusals})
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
        errors = in_a_row(intent.repeats, UNEXPECTED_ERROR)
        if errors >= MAX_UNEXPECTED_ERRORS:
            raise unexpected(intent.detail or "an error", errors)
        repeats = self._count("not_found")
        wait = self._delay("not_found", repeats) if self.act.guarded else 0.0
        return self._again("not_found", wait, no_effect=True, absences=absences, repeats=repeats)

    def _refused(self, rejected: Rejected) -> str:
        """The last sending was refused, and no earlier one is on the other side: hold it, or try again later."""
        means = self.act.refused(self.intent, rejected)
        if isinstance(means, Held):
            # A refusal that reading has borne out is no sending: it uses up none of those that may be made.
            return self._hold(means, unsent=self.intent.state == "unknown")
        repeats = self._count(means.reason, went_well=True)
        wait = self._delay(means.reason, repeats)
        return self._again(means.reason, wait, rejected.message, unsent=True, no_effect=True, repeats=repeats)

    def _turned_away(self, failure: Retryable, *, unsent: bool = False) -> str:
        if isinstance(failure, CredentialsRefused):
            pause = self.ports.settings.scaled(CREDENTIALS_PAUSE)
            return self._again(CREDENTIALS_REFUSED, pause, str(failure), unsent=unsent)
        reason = TOO_MANY_CALLS if unsent and isinstance(failure, TooManyCalls) else "waiting_to_retry"
        repeats = self._count(reason)
        wait = failure.retry_after
        if wait is None or (isinstance(failure, TooManyCalls) and not failure.told):
            wait = max(wait or 0.0, self._delay(reason, repeats))
        return self._again(reason, wait, str(failure), unsent=unsent, repeats=repeats)

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

    def _hold(self, held: Held, *, unsent: bool = False) -> str:
        why: Facts = {"reason": held.reason, "detail": held.detail, "evidence": held.evidence}
        with self.ports.ledger.write() as tx:
            intents.settle(tx, self.intent, "held", unsent=unsent, **why)
            self.act.hold(tx, self.intent, held)
        return f"held: {held.reason}"

    def _surprised(self, what: str) -> None:
        repeats = self._count(UNEXPECTED_ERROR)
        errors = in_a_row(repeats, UNEXPECTED_ERROR)
        if self.sent:
            self._unknown("outcome_unknown", what, repeats=repeats)
        elif errors >= MAX_UNEXPECTED_ERRORS:
            self._hold(unexpected(what, errors))
        else:
            self._again(UNEXPECTED_ERROR, self._delay(UNEXPECTED_ERROR, repeats), what, repeats=repeats)

    def _again(
        self, reason: str, seconds: float, detail: str | None = None, *, no_effect: bool = False, **counters: Any
    ) -> str:
        """Go on later; an unknown outcome stays unknown, unless reading has shown that it had no effect.

        :param counters: what else `intents.settle` takes.
        """
        state = "decided"
        if self.intent.state == "unknown" and not no_effect:
            state, reason, detail = "unknown", self.intent.reason or reason, self.intent.detail
        with self.ports.ledger.write() as tx:
            due_at = tx.now + timedelta(seconds=seconds)
            intents.settle(tx, self.intent, state, reason=reason, detail=detail, due_at=due_at, **counters)
        return f"{state} again in {seconds:.1f} s: {reason}"

    def _unknown(self, reason: str, detail: str | None, *, wait: float | None = None, **counters: Any) -> str:
        settling = 0.0 if self.act.guarded else SETTLING
        seconds = self.ports.settings.scaled(settling if wait is None else wait)
        with self.ports.ledger.write() as tx:
            due_at = tx.now + timedelta(seconds=seconds)
            intents.settle(tx, self.intent, "unknown", reason=reason, detail=detail, due_at=due_at, **counters)
        return f"unknown: {reason}"

    def _count(self, reason: str, *, went_well: bool = False) -> Facts:
        return counted(self.intent, reason, alike=self.act.alike, went_well=went_well)

    def _delay(self, reason: str, repeats: Facts) -> float:
        """Growing with how often in a row the same thing has sent the intent back."""
        times = in_a_row(repeats, *(self.act.alike if reason in self.act.alike else (reason,)))
        return self.ports.settings.scaled(self.retry.delay(times, spread=self.ports.spread))
