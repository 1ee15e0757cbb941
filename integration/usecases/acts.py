"""What an act is: one promise to another system, in the steps that `carry_out` takes it through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from integration.domain.orders import Waits
from integration.errors import BackhaulError, Held, Rejected
from integration.ledger.reviews import open_review
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.ports import Ports

Prepared = TypeVar("Prepared")
Answer = TypeVar("Answer")


class WaitsFor(Waits):
    """It is too early, and it is known for how long: `seconds`, already scaled."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class AlreadyThere(BackhaulError):
    """What was to be done is done already, by an earlier sending of ours or by somebody else: success, said aloud."""

    def __init__(self, answer: Any) -> None:
        super().__init__("already there")
        self.answer = answer


class Act(Generic[Prepared, Answer]):
    """One kind of intent. Subclasses say what is read, what is sent, and what an answer means for the ledger."""

    kind: ClassVar[str]
    queue: ClassVar[str]
    review_kind: ClassVar[str]
    """What a held case of this kind is called in the review inbox: order, return, refund, stock or event."""

    reads_only: ClassVar[bool] = False
    """Nothing is sent, so a claim that expired may simply be taken again."""

    guarded: ClassVar[bool] = False
    """The other side's own state refuses a second effect (OR21, RT21…): one read that does not find it is enough."""

    withheld_in_recovery: ClassVar[bool] = False
    """Sent twice it has its effect twice (OR28, W1, STO01…): each sending is counted and leaves a mark outside the
    ledger, and none is made by a ledger that may know less than its fleet has done."""

    in_batches: ClassVar[bool] = False
    """Many are carried out together: side by side where nothing is read before sending (OR21), or in one call."""

    per_call: ClassVar[int] = 1
    """How many of them one call of the other side's can carry, with an answer for each (RT21…)."""

    max_refusals: ClassVar[int] = 1
    """How many refusals of a guarded call, each read back and not found, before a person is asked."""

    alike: ClassVar[frozenset[str]] = frozenset()
    """Reasons to wait that are one thing: in a row, they are counted together."""

    def prepare(self, ports: Ports, intent: Intent) -> Prepared:
        """Read what is needed, under the claim.

        :raises Held, Waits, AlreadyThere, Retryable: instead of sending.
        """
        raise NotImplementedError

    def look_again(self, tx: Tx, intent: Intent) -> None:
        """Hold what the ledger has come to know since `prepare`, in the transaction that writes the sending ahead.

        Whoever writes such a thing down later finds the sending there.

        :raises Held: instead of sending.
        """

    def plan(self, intent: Intent, prepared: Prepared) -> Facts:
        """What is about to be sent, for the ledger: no personal data. Includes what `intent.plan` must keep."""
        raise NotImplementedError

    def send(self, ports: Ports, prepared: Prepared) -> Answer:
        """Exactly one foreign write."""
        raise NotImplementedError

    def send_together(self, ports: Ports, prepared: Sequence[Prepared]) -> Sequence[Answer | Rejected]:
        """One foreign write for all of them, at most `per_call`: what each came to, in their order.

        :raises Rejected: the whole call was refused, and none had an effect.
        """
        raise NotImplementedError

    def evidence(self, intent: Intent, answer: Answer) -> Facts:
        """The answer as the journal keeps it: no personal data."""
        return {"answer": answer}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Answer) -> None:
        """Write down what happened, in the transaction that has just confirmed the intent.

        :raises Held: when the answer is not an answer to what was asked; the intent is held then, not confirmed.
        """
        raise NotImplementedError

    def record_all(self, ports: Ports, tx: Tx, answered: Sequence[tuple[Intent, Answer]]) -> None:
        """`record` for many plain answers at once, for acts that go in batches."""
        raise NotImplementedError

    def read_back(self, ports: Ports, intent: Intent) -> Answer | None:
        """Look on the other side for the effect of the last sending: its answer, or None when it is not there.

        :raises Held: when what is there is ambiguous.
        """
        raise NotImplementedError

    def read_before_repeat(self, ports: Ports, intent: Intent) -> Answer | None:
        """`read_back` before a sending that follows one which was turned away (401, 403, 429).

        :raises Held: as `read_back` does.
        """
        return self.read_back(ports, intent)

    def refused(self, intent: Intent, rejected: Rejected) -> Held | Waits:
        """What a refusal means that had no effect: hold, or try again later.

        `intent.repeats` tells how often in a row it meant each thing before.
        """
        return Held(f"{self.kind}_rejected", rejected.message, {"status": rejected.status, "code": rejected.code})

    def subject(self, intent: Intent) -> str:
        """The id that a person knows the case by."""
        return intent.subject

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        """Show the case to a person. Subclasses also mark their own row."""
        open_review(
            tx, kind=self.review_kind, subject=self.subject(intent), reason=held.reason, detail=held.detail,
            evidence=held.evidence,
        )  # fmt: skip
