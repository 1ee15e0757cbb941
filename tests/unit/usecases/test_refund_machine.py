"""No interleaving of workers, deaths, lost answers, strange refunds and people pays a unit twice, or never.

Workers go on a step at a time, so that each may be overtaken, killed, or stopped until its claim is long over. The
books of the sandbox are looked at after every step. `pytest --hypothesis-profile=thorough` tells many more stories;
`make mutate` shows that they notice the bugs that would cost money (docs/mutation.md).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from integration.ledger.refunds import Refund
from integration.ledger.store import Ring
from integration.sandbox import SandboxOptions
from tests.unit.usecases.mortal import Process
from tests.unit.usecases.refund_checks import (
    reason_of,
    require_everything_once,
    require_everything_paid,
    require_known_ways,
    require_nothing_older,
    require_nothing_twice,
)
from tests.unit.usecases.refund_stage import LINES, PRICE, PRODUCTION_PACE, SOLD, UNITS, Stage

LEASE, BETWEEN_ABSENCES = 60.0, 600.0
ONE = st.integers(0, 20)
"""Which of those that there are, counted around."""

STEPS = st.integers(2, 7)
"""From behind the claim to the end; the way of a message through its worker may take one or two more."""

FAULTS: dict[str, dict[str, Any]] = {
    "500 after the effect": {"kind": "status_after", "status": 500},
    "429 after the effect": {"kind": "status_after", "status": 429, "retry_after": 1},
    "the answer lost": {"kind": "lost_after"},
    "half an answer": {"kind": "truncated_after"},
    "no JSON": {"kind": "garbage_after"},
    "no answer": {"kind": "lost_before"},
    "500 without effect": {"kind": "status_before", "status": 500},
    "429": {"kind": "status_before", "status": 429, "retry_after": 1},
    "401": {"kind": "status_before", "status": 401},
    "401 after the effect": {"kind": "status_after", "status": 401},
    "403 after the effect": {"kind": "status_after", "status": 403},
    "400 after the effect": {"kind": "status_after", "status": 400, "body": {"message": "Refund already in progress"}},
    "404 after the effect": {"kind": "status_after", "status": 404},
    "no money": {"kind": "status_before", "status": 400, "body": {"message": "Insufficient payable balance"}},
}


class Refunds(RuleBasedStateMachine):
    """Numbers in comments are those of the crash matrix (docs/crash-matrix.md)."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[Process] = []
        self.others = 0

    @initialize(ahead=st.sampled_from([0, 0, 0, 3_601, -3_601]))
    def accept_some(self, ahead: float) -> None:  # 18: one of the two clocks is an hour wrong
        self.stage.reset(ahead=ahead)
        for line in LINES:
            self.stage.accept(line)

    @rule(one=ONE, steps=STEPS)
    def begin(self, one: int, steps: int) -> None:
        """A worker takes a message, and gets as far as this."""
        if ring := self._due(one):
            self.processes.append(self.stage.take(ring.intent_id))
            self.stage.let(self.processes[-1], steps)

    @rule(one=ONE)
    def deliver(self, one: int) -> None:
        if ring := self._due(one):
            self.stage.let(self.stage.take(ring.intent_id))

    @rule(one=ONE, steps=STEPS)
    def go_on(self, one: int, steps: int) -> None:
        if process := self._on_its_way(one, steps):
            self.stage.let(process, steps)

    @rule(one=ONE, steps=STEPS)
    def deliver_again(self, one: int, steps: int) -> None:  # 9, 18
        """While somebody is at it, or long after."""
        process = self._on_its_way(one, steps)
        rung = [ring.intent_id for ring in self.stage.rung if ring.kind == "push_refund"]
        again = process.about if process is not None else rung[-1 - one % len(rung)]
        self.stage.let(self.stage.take(again))

    @rule(one=ONE, steps=STEPS, in_transaction=st.booleans())
    def die(self, one: int, steps: int, in_transaction: bool) -> None:  # 6, 7, 8, 9
        if process := self._on_its_way(one, steps):
            self.stage.kill(process, in_transaction=in_transaction)

    @rule(one=ONE, steps=STEPS, looks=st.integers(0, 2), awake=st.booleans())
    def others_take_over(self, one: int, steps: int, looks: int, awake: bool) -> None:  # 17
        """Who is on its way stands still until its claim is over; others do its work, up to a step; it may awake."""
        sleeper = self._on_its_way(one, steps)
        self.stage.wait(1 + LEASE)
        for _ in range(looks):
            self.stage.wait(1 + BETWEEN_ABSENCES)
            self.stage.deliver_all()
        self.begin(0, steps)
        if awake and sleeper is not None:
            self.stage.let(sleeper)

    @rule(seconds=st.sampled_from([1.0, 1 + LEASE, 1 + BETWEEN_ABSENCES, 86_400.0]), work=st.booleans())
    def wait(self, seconds: float, work: bool) -> None:
        self.stage.wait(seconds)
        if work:
            self.stage.deliver_all()

    @rule(fault=st.sampled_from(sorted(FAULTS)), one=ONE)
    def spoil_a_call(self, fault: str, one: int) -> None:  # 10, 11, 16
        """The next call goes wrong; a message is there for it."""
        self.stage.sandbox.clear_faults()
        self.stage.sandbox.add_fault("OR28", times=1, **FAULTS[fault])
        self.deliver(one)

    @rule(one=ONE, lands=st.booleans())
    def hold_a_call_up(self, one: int, lands: bool) -> None:  # 13; later than this is the risk of 14
        self.stage.next_is_late = True
        self.spoil_a_call("no answer", one)
        if lands:
            self._let_land()

    @rule(what=st.sampled_from(["accepted", "told again", "bells forgotten", "landed", "copied"]), one=ONE)
    def it_happens(self, what: str, one: int) -> None:
        if what == "accepted":  # 24, where it is the same line again
            self._accept(LINES[one % len(LINES)])
        elif what == "told again":  # 23
            self.stage.tell()
            self.stage.work()
        elif what == "bells forgotten":  # 5, 19
            self.stage.rings.clear()
        elif what == "copied":
            self.stage.back_up()
        else:
            self._let_land()

    @precondition(lambda self: self.others < 3)
    @rule(line=st.sampled_from(LINES), kind=st.sampled_from(["a unit", "a unit", "another unit", "goodwill"]))
    def somebody_else_refunds(self, line: str, kind: str) -> None:  # 25, 35
        """A unit that came back and is not paid; or one that did not come back; or a little."""
        amount = Decimal("3.00") if kind == "goodwill" else PRICE
        left = PRICE * (SOLD - 1) - sum(one["amount"] for one in self.stage.made()[line]) - amount
        if left < 0 or (kind == "a unit" and self.stage.unpaid(line) < 1):
            return
        made = self.stage.sandbox.refund_externally(line, amount=amount, quantity=0 if kind == "goodwill" else 1)
        self.others += 1
        if kind == "a unit":
            self.stage.truth.for_units.add(made)

    @rule(times=st.sampled_from([1, 2, 7]), one=ONE)
    def lists_are_incomplete(self, times: int, one: int) -> None:  # 37
        """OR11 leaves the refunds out, and then shows them again."""
        self.stage.sandbox.clear_faults()
        self.stage.sandbox.add_fault("OR11", "fields_replaced", replace={"refunds": None}, times=times)
        self.deliver(one)

    @precondition(lambda self: self.stage.restored < 2)
    @rule(one=ONE)
    def restore(self, one: int) -> None:  # 31
        """The fleet stops, and goes on with an older ledger."""
        self.deliver(one)
        for process in self.processes:
            self.stage.kill(process, in_transaction=False)
        self.processes.clear()
        self.stage.restore()
        self.others += 1

    @precondition(lambda self: self._held())
    @rule(one=ONE, knows=st.booleans())
    def a_person_looks(self, one: int, knows: bool) -> None:
        held = self._held()
        refund = held[one % len(held)]
        waited_for = {whose for whose, *_ in self.stage.truth.on_its_way}
        if knows and refund.row.id not in waited_for:
            self.stage.tell_the_truth(refund)
        else:
            self.stage.replay(refund)

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        require_nothing_twice(self.stage)

    @invariant()
    def nothing_is_taken_for_ours_that_was_there_before(self) -> None:
        require_nothing_older(self.stage)

    def teardown(self) -> None:
        """When faults have ended, each unit that is due was paid once, or is held for a reason. Sleepers awake then."""
        self.stage.sandbox.clear_faults()
        self.stage.truth.on_its_way.clear()
        self._settle()
        for process in self.processes:
            self.stage.let(process)
            self.nothing_is_paid_twice()
        self._settle()
        assert self.stage.open_promises() == []
        for refund in self.stage.refunds():
            require_known_ways(self.stage.journal(refund))
        require_everything_once(self.stage)
        for _ in range(40):
            held = [one for one in self._held() if reason_of(one) != "exceeds_remaining"]
            if not held:
                break
            self.stage.tell_the_truth(held[0])
            self._settle()
        require_everything_paid(self.stage)

    def _settle(self) -> None:
        for _ in range(30):
            self.stage.wait(2 * BETWEEN_ABSENCES)
            self.stage.deliver_all()
            self.nothing_is_paid_twice()
            if not self.stage.open_promises():
                break

    def _accept(self, line: str) -> None:
        if self.stage.accepted[line] < UNITS:
            self.stage.accept(line)

    def _due(self, one: int) -> Ring | None:
        """The bell of a refund that can be claimed now, taken; a unit is accepted, or time passes, until there is one.

        None where nothing is left to do, or where somebody is at it.
        """
        if not self.stage.due():
            self._accept(LINES[one % len(LINES)])
        if not self.stage.due():
            self.stage.wait(1 + BETWEEN_ABSENCES)
        due = self.stage.due()
        if not due:
            return None
        self.stage.rings.remove(ring := due[one % len(due)])
        return ring

    def _on_its_way(self, one: int, steps: int) -> Process | None:
        """A process that is not over, if need be a new one that gets as far as this."""
        on_the_way = [process for process in self.processes if not process.over]
        if not on_the_way:
            self.begin(one, steps)
            on_the_way = [process for process in self.processes[-1:] if not process.over]
        return on_the_way[one % len(on_the_way)] if on_the_way else None

    def _held(self) -> list[Refund]:
        return [refund for refund in self.stage.refunds() if refund.state == "held"]

    def _let_land(self) -> None:
        """What is on its way arrives before anybody can have looked twice, or never."""
        if self.stage.truth.on_its_way:
            _, _, left_at = self.stage.truth.on_its_way[0]
            if self.stage.clock.monotonic() < left_at + BETWEEN_ABSENCES:
                self.stage.land()
            else:
                self.stage.truth.on_its_way.pop(0)


@pytest.fixture
def options() -> SandboxOptions:
    return PRODUCTION_PACE


@pytest.mark.crash_matrix(5, 6, 7, 8, 9, 10, 11, 13, 16, 17, 18, 19, 23, 24, 25, 31, 35, 36, 37)
@pytest.mark.timeout(600)
def test_no_story_pays_a_unit_twice_or_never(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M1, M4, M5: by us, by a person, or before a restore; whatever status came back, however little is shown."""
    monkeypatch.setattr(Refunds, "stage", stage, raising=False)
    # In the suite the same few stories each time, and no minutes of making one that failed shorter.
    few: Any = {"max_examples": 20, "derandomize": True, "phases": [Phase.generate]}
    told: Any = few if settings.get_current_profile_name() == "suite" else {}
    run_state_machine_as_test(Refunds, settings=settings(stateful_step_count=30, **told))
