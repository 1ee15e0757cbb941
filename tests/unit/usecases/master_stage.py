"""What the stories of the stock master read and say."""

from __future__ import annotations

from integration.ledger.reviews import reviews
from integration.usecases.next_steps import Verb
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.lane import Lane


def levels(lane: Lane) -> tuple[dict[str, int], dict[str, int]]:
    """In BigCommerce, and on Mirakl."""
    books = lane.sandbox.books()
    return books["bigcommerce_stock"], books["stock"]


def states(lane: Lane) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in lane.movements()]


def adjustments(lane: Lane) -> int:
    return len(lane.sandbox.calls("BC_RELATIVE"))


def resolve(lane: Lane, word: Verb) -> None:
    """A person looks, and says what is true of the one case."""
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    resolve_review(lane.fleet.ports, review.id, word, note="looked")


def until(lane: Lane, *expected: tuple[str, str | None]) -> None:
    lane.until(lambda: states(lane) == list(expected))
