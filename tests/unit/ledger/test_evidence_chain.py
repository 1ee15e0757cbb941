"""The journal of refunds is a chain: whoever writes at once, it has no gap, and whatever is done to it shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text, update

from integration.domain.evidence_chain import Head
from integration.ledger import intents
from integration.ledger.journal import chain_head, content_of, entries_without_seal, seal_of, sealed_entries
from integration.ledger.store import Ledger
from integration.ledger.tables import JournalEntry
from tests.unit.ledger.conftest import at_once
from tests.unit.ledger.promises import claim, claimed, journal, promise, settle


def walk(ledger: Ledger) -> tuple[Head, str | None]:
    """How far the chain holds, and what breaks it there."""
    with ledger.read() as tx:
        head = Head()
        for entry in sealed_entries(tx):
            if (broken := head.broken_by(seal_of(entry), content_of(entry))) is not None:
                return head, broken
            head = Head(entry.link or 0, entry.hash or "")
        return head, None


def told(ledger: Ledger) -> Head:
    with ledger.read() as tx:
        return chain_head(tx)


def test_each_transition_of_a_refund_follows_from_the_one_before(ledger: Ledger) -> None:
    first, second = promise(ledger, "R-1"), promise(ledger, "R-2")
    settle(ledger, claimed(ledger, first), "confirmed")
    claim(ledger, second)
    links = [(entry.link, entry.previous_hash) for entry in (*journal(ledger, first), *journal(ledger, second))]
    with ledger.read() as tx:
        hashes = [entry.hash for entry in sealed_entries(tx)]
    assert sorted(links) == list(zip(range(1, 6), [Head().hash, *hashes], strict=False))
    assert walk(ledger) == (told(ledger), None)
    assert told(ledger) == Head(5, hashes[-1] or "")


def test_what_moves_no_money_is_not_sealed(ledger: Ledger) -> None:
    order = promise(ledger, "O-1", kind="accept_order")
    assert [entry.hash for entry in journal(ledger, order)] == [None]
    assert told(ledger) == Head()


def test_each_shop_has_a_chain_of_its_own(ledger: Ledger) -> None:
    promise(ledger)
    other = Ledger(ledger.engine, shop="other", who="test")
    promise(other)
    assert (told(ledger).length, told(other).length) == (1, 1)
    assert walk(other) == (told(other), None)


def test_writers_at_once_leave_one_chain_without_a_gap(ledger: Ledger) -> None:
    refunds = [promise(ledger, f"R-{number}") for number in range(8)]

    def live(number: int) -> None:
        settle(ledger, claimed(ledger, refunds[number]), "confirmed")
        promise(ledger, f"S-{number}")

    at_once(8, live)
    assert walk(ledger) == (told(ledger), None)
    assert told(ledger).length == 8 * 4


def test_a_transaction_that_fails_leaves_no_entry_and_no_gap(ledger: Ledger) -> None:
    promise(ledger)

    def fail() -> None:
        raise ZeroDivisionError

    def promise_in_vain() -> None:
        with ledger.write() as tx:
            intents.decide(tx, "push_refund", "R-2")
            tx.before_commit.append(fail)

    with pytest.raises(ZeroDivisionError):
        promise_in_vain()
    promise(ledger, "R-3")
    assert (walk(ledger), told(ledger).length) == ((told(ledger), None), 2)


def edit(ledger: Ledger) -> None:
    change(ledger, 2, evidence={"subject": "R-9"})


def backdate(ledger: Ledger) -> None:
    with ledger.read() as tx:
        first = next(sealed_entries(tx))
    change(ledger, 2, at=first.at.replace(year=2020))


def sign_for_another(ledger: Ledger) -> None:
    change(ledger, 2, who="cli:somebody")


def remove(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM journal WHERE link = 2"))


def swap(ledger: Ledger) -> None:
    for now, then in ((2, -1), (3, 2), (-1, 3)):
        change(ledger, now, link=then)


def seal_anew(ledger: Ledger) -> None:
    """Whoever knows how it is done edits an entry and makes its own seal right again."""
    with ledger.read() as tx:
        one, two = list(sealed_entries(tx))[:2]
        content = {**content_of(two), "who": "cli:somebody"}
    change(ledger, 2, who="cli:somebody", hash=Head(1, one.hash or "").sealed(content).hash)


def change(ledger: Ledger, number: int, **values: object) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(JournalEntry).where(JournalEntry.link == number).values(**values))


@pytest.mark.parametrize(
    ("deed", "breaks"),
    [
        (edit, "entry 2 of the chain is not what was sealed"),
        (backdate, "entry 2 of the chain is not what was sealed"),
        (sign_for_another, "entry 2 of the chain is not what was sealed"),
        (remove, "entry 2 of the chain is missing"),
        (swap, "entry 2 of the chain does not follow"),
        (seal_anew, "entry 3 of the chain does not follow"),
    ],
)
def test_whatever_is_done_to_an_entry_shows(ledger: Ledger, deed: Callable[[Ledger], None], breaks: str) -> None:
    for number in range(1, 4):
        promise(ledger, f"R-{number}")
    deed(ledger)
    _, broken = walk(ledger)
    assert (broken or "").startswith(breaks)


def test_a_chain_that_is_cut_short_does_not_reach_its_head(ledger: Ledger) -> None:
    for number in range(1, 4):
        promise(ledger, f"R-{number}")
    with ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM journal WHERE link = 3"))
    reached, broken = walk(ledger)
    assert (reached.length, broken, told(ledger).length) == (2, None, 3)


def test_entries_from_before_the_chain_are_told_from_those_that_were_slipped_in(ledger: Ledger) -> None:
    for number in range(1, 4):
        promise(ledger, f"R-{number}")
    change(ledger, 1, link=None)
    with ledger.read() as tx:
        assert entries_without_seal(tx) == (1, 0)
    change(ledger, 3, link=None)
    with ledger.read() as tx:
        assert entries_without_seal(tx) == (1, 1)
