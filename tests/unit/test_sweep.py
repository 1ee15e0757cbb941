"""However a list is paged, reading it ends."""

from __future__ import annotations

import pytest

from integration import sweep
from integration.answers import Operation
from integration.errors import Retryable
from integration.sweep import Sweep

W2 = Operation("W2", "GET", "/returns", replay_safe=True)


def test_pages_that_go_on_and_show_nothing_new_end() -> None:
    """H1: endless tokens over the same documents; an empty page at the end is no fault."""
    read = Sweep(W2, [{"id": 1}])
    read.goes_on("a")
    read.brings([{"id": 2}, {"id": 1}])
    read.goes_on("b")
    read.brings([])
    with pytest.raises(Retryable, match="nothing new"):
        read.goes_on("c")


def test_pages_in_a_circle_and_pages_without_an_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """H1: each brings something new, and still there is a last one."""
    monkeypatch.setattr(sweep, "MOST_PAGES", 10)
    read = Sweep(W2, [{"order": "no id"}])
    for number in range(9):
        read.goes_on(f"page {number}")
        read.brings([{"id": number}])
    with pytest.raises(Retryable, match="more than 10 pages"):
        read.goes_on("page 10")
    with pytest.raises(Retryable, match="circle"):
        read.goes_on("page 3")


def test_a_list_that_is_read_for_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """H1: what came before is used."""
    monkeypatch.setattr(sweep, "LONGEST_SWEEP", -1.0)
    read = Sweep(W2, [])
    with pytest.raises(Retryable, match="does not end within"):
        read.goes_on("a")
