"""Bugs that would cost money, put in one at a time: do the tests of refunds notice?

`python -m tests.unit.usecases.seeded_bugs` says which test does (docs/mutation.md); with names, of these bugs alone.
SEEDED_BUG names the bug that a run of pytest has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from integration.domain import refund_guards, refund_matching
from integration.errors import OutcomeUnknown, Retryable
from integration.ledger import intents, journal
from integration.ledger.tables import Intent
from integration.usecases import (
    keeping,
    push_refund,
    refund_case,
    refund_preconditions,
    resolve_refund,
    take_for_ours,
    while_claimed,
)
from integration.usecases.keeping import Keeping
from integration.usecases.push_refund import PushRefund

Patch = pytest.MonkeyPatch


def no_fence(patch: Patch) -> None:
    """The holder of an old token may write."""

    def unfenced(tx: Any, intent: Intent, from_state: str, **values: Any) -> None:
        tx.session.execute(update(Intent).where(Intent.id == intent.id, Intent.state == from_state).values(**values))

    patch.setattr(intents, "_fenced", unfenced)


def two_may_claim(patch: Patch) -> None:
    """A claim that somebody has may be taken over at once."""
    claim = intents.claim

    def grab(tx: Any, intent_id: Any, **named: Any) -> Any:
        mine = update(Intent).where(Intent.id == intent_id, Intent.state == "claimed")
        tx.session.execute(mine.values(state="decided", due_at=tx.now))
        return claim(tx, intent_id, **named)

    patch.setattr(intents, "claim", grab)


def two_of_an_order(patch: Patch) -> None:
    """Refunds of one order are not kept apart."""
    decide = intents.decide

    def ungrouped(*args: Any, **named: Any) -> Any:
        return decide(*args, **named | {"group": None})

    patch.setattr(intents, "decide", ungrouped)


def expired_means_unsent(patch: Patch) -> None:
    """A claim that expired is decided again, not unknown."""
    expire = intents.expire

    def harmless(tx: Any, **named: Any) -> int:
        return expire(tx, **named | {"reads_only": ["push_refund"]})

    patch.setattr(intents, "expire", harmless)


def nothing_expires(patch: Patch) -> None:
    """Whoever dies keeps the claim."""
    patch.setattr(intents, "expire", lambda *_args, **_named: 0)


def nobody_rings_again(patch: Patch) -> None:
    """A bell that was lost stays lost."""
    patch.setattr(intents, "ring_due", lambda *_args, **_named: 0)


def unanswered_means_unsent(patch: Patch) -> None:
    """An error after the first byte is taken for one before it."""
    classify = Keeping._classify

    def hopeful(self: Keeping, failure: Exception) -> str:
        return classify(self, Retryable("never left") if isinstance(failure, OutcomeUnknown) else failure)

    patch.setattr(Keeping, "_classify", hopeful)


def not_written_ahead(patch: Patch) -> None:
    """What was sent is not written ahead, so that a death leaves no trace of it."""
    patch.setattr(
        Keeping, "write_ahead", lambda self, _tx: self.intent.plan.update(self.act.plan(self.intent, self.prepared))
    )


def late_is_sent(patch: Patch) -> None:
    """A process that was stopped sends although its claim is over."""

    @contextmanager
    def whenever(_moment: float) -> Iterator[None]:
        yield

    patch.setattr(keeping, "while_claimed", whenever)


def late_on_the_way_is_sent(patch: Patch) -> None:
    """The claim is looked at before the call is begun, and not again before its first byte."""

    @contextmanager
    def whenever(_moment: float) -> Iterator[None]:
        yield

    patch.setattr(while_claimed, "leaving_before", whenever)


def one_absence_is_enough(patch: Patch) -> None:
    """One look that finds nothing has it sent again."""
    begin = Keeping.__init__

    def hasty(self: Keeping, *args: Any) -> None:
        begin(self, *args)
        self.intent.absences += 1

    patch.setattr(Keeping, "__init__", hasty)


def no_time_between_looks(patch: Patch) -> None:
    """Two looks follow at once on the call and on each other."""
    patch.setattr(keeping, "SETTLING", 0.0)
    patch.setattr(keeping, "BETWEEN_ABSENCES", 0.0)


def sent_for_ever(patch: Patch) -> None:
    """Nobody asks a person after the second sending."""
    patch.setattr(keeping, "MAX_SENDS", 99)


def _matching(patch: Patch, **ignored: Any) -> None:
    found = refund_matching.candidates
    patch.setattr(push_refund, "candidates", lambda *args, **named: found(*args, **named | ignored))


def baseline_ignored(patch: Patch) -> None:
    """What was there before the call may be its effect."""
    _matching(patch, baseline=frozenset())


def attributed_ignored(patch: Patch) -> None:
    """What belongs to another promise may be this one's effect."""
    _matching(patch, attributed=frozenset())


def old_means_absent(patch: Patch) -> None:
    """What seems older than the call is not its effect, whatever the clocks say."""
    found = refund_matching.candidates

    def strict(line: Any, asked: Any, *, since: Any, **named: Any) -> Any:
        young = [one for one in line.refunds if not one.created_date or one.created_date >= since]
        return found(line.model_copy(update={"refunds": tuple(young)}), asked, since=since, **named)

    patch.setattr(push_refund, "candidates", strict)


def not_looked_for(patch: Patch) -> None:
    """Nothing is looked for before a second sending."""
    read = refund_case.read_case

    def blind(*args: Any) -> Any:
        return replace(read(*args), may_have_landed=False)

    patch.setattr(push_refund, "read_case", blind)


def turned_away_is_believed(patch: Patch) -> None:
    """A 401, 403 or 429 is taken at its word."""
    patch.setattr(journal, "_turned_away", lambda _since: False)


def people_are_believed(patch: Patch) -> None:
    """What lands after a person looked is not looked for."""
    patch.setattr(journal, "SENT_AGAIN", "nobody's word")


def word_forgotten(patch: Patch) -> None:
    """What a person was shown, and said is for something else, may be ours again."""
    patch.setattr(refund_case, "refunds_of_others", lambda _tx, _refund: frozenset())


def elsewhere_ignored(patch: Patch) -> None:
    """A refund that this ledger has not made is somebody else's business."""
    patch.setattr(refund_preconditions, "refunded_elsewhere", lambda *_args, **_named: [])


def undated_means_older(patch: Patch) -> None:
    """Without a date, a refund counts as older than the return."""
    found = refund_guards.refunded_elsewhere

    def dated(line: Any, *, announced: Any, **named: Any) -> Any:
        return found(line, announced=announced, **named) if announced else []

    patch.setattr(refund_preconditions, "refunded_elsewhere", dated)


def left_out_means_none(patch: Patch) -> None:
    """A list of refunds that is left out is an empty one."""
    patch.setattr(refund_preconditions, "missing_from_list", lambda *_args, **_named: None)


def ended_returns_are_refunded(patch: Patch) -> None:
    """Nobody asks whether the return has ended, is held, or is not mapped."""
    patch.setattr(push_refund, "require_open_return", lambda _case: None)


def part_settles_all(patch: Patch) -> None:
    """A refund of one unit that a person takes for ours settles ours of two."""
    take = take_for_ours.take_for_ours

    def all_of_it(tx: Any, row: Any, intent: Intent, found: Any, evidence: Any) -> int:
        unsaid = found.past.model_copy(update={"quantity": None})
        return take(tx, row, intent, replace(found, past=unsaid), evidence)

    patch.setattr(resolve_refund, "take_for_ours", all_of_it)


def surplus_ignored(patch: Patch) -> None:
    """A refund of two units that a person takes for ours of one leaves the second to be paid again."""
    patch.setattr(push_refund, "require_units_left", lambda _case: None)


def a_verdict_meanwhile_is_not_seen(patch: Patch) -> None:
    """What Reveni says between our reading and our sending does not hold the refund."""
    patch.setattr(PushRefund, "look_again", lambda *_args: None)


def each_refund_has_a_limit_of_its_own(patch: Patch) -> None:
    """What the return's other refunds come to is not held against the limit."""
    patch.setattr(refund_case, "committed_totals", lambda *_args, **_named: {})


SEEDED_BUGS: dict[str, Callable[[Patch], None]] = {
    bug.__name__: bug
    for bug in (
        no_fence, two_may_claim, two_of_an_order, expired_means_unsent, nothing_expires, nobody_rings_again,
        unanswered_means_unsent, not_written_ahead, late_is_sent, late_on_the_way_is_sent, one_absence_is_enough,
        no_time_between_looks, sent_for_ever, baseline_ignored, attributed_ignored, old_means_absent,
        not_looked_for, turned_away_is_believed, people_are_believed, word_forgotten, elsewhere_ignored,
        undated_means_older, left_out_means_none, ended_returns_are_refunded, part_settles_all, surplus_ignored,
        a_verdict_meanwhile_is_not_seen, each_refund_has_a_limit_of_its_own,
    )
}  # fmt: skip

HERE = Path(__file__).parent
STORIES = [HERE / "test_refund_machine.py"]
OTHERS = ("test_carry_out.py", "test_unknown_outcomes.py", "test_two_payers.py")
EXAMPLES = [*sorted(HERE.glob("test_refund_*.py")), *(HERE / name for name in OTHERS)]


def noticed(name: str, tests: list[Path]) -> str | None:
    """The first test that fails with this bug, its file and name; None where all of them pass."""
    pytest_ = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--hypothesis-profile=stories"]
    ran = subprocess.run(
        [*pytest_, "-p", "no:cacheprovider", "--timeout=600", *map(str, tests)],
        env={**os.environ, "SEEDED_BUG": name, "NO_COLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode not in (0, 1):
        raise RuntimeError(ran.stdout + ran.stderr)
    failed = [line.split(" - ")[0].split("/")[-1] for line in ran.stdout.splitlines() if line.startswith("FAILED ")]
    return failed[0] if failed else None


def main(names: list[str]) -> int:
    """0 where each bug is noticed."""
    table = Table("bug", "what it does", "noticed by", box=None)
    console, unnoticed = Console(width=200), 0
    for name in names or SEEDED_BUGS:
        by = noticed(name, STORIES) or noticed(name, [test for test in EXAMPLES if test not in STORIES])
        unnoticed += by is None
        table.add_row(name, SEEDED_BUGS[name].__doc__, by or "NOBODY")
        console.print(f"{name}: {by or 'NOBODY'}", style=None if by else "bold")
    console.print(table)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
