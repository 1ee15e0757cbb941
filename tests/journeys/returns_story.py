"""Two hundred returns for every reason that is published, and for some that are not, on one fleet."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from integration.ledger.listings import counts
from integration.sandbox.client import SandboxClient
from mappings import FOLDER, load
from tests.running_fleet import RunningFleet
from tests.servers import wait_until

RETURNS = 200
SKU = "DRESS-RED-S"
PUBLISHED = [row.mirakl_return_reason for row in load(FOLDER).return_reasons.rows]
UNPUBLISHED = ["RETURN_HAUNTED", "RETURN_TOO_LOUD", ""]
FORBIDDEN = "RETURN_REGRETTED"
"""Has a row, with a refund reason that Mirakl lets no shop give."""

FORBIDDEN_ROW = f"{FORBIDDEN},other,restock,14,none,sellable,\n"
MENDED_ROWS = "".join(f"{code},other,inspect,17,none,inspection,\n" for code in UNPUBLISHED if code)
REJECTIONS = ["defect", "wrong_product", "change_of_mind", "delay"]

SHARE = 0.1
"""Of the calls of each operation that go wrong, in one way or another."""
SEEN_OR_TURNED_AWAY: list[tuple[str, dict[str, Any]]] = [
    ("status_before", {"status": 429, "retry_after": 1}),
    ("status_after", {"status": 502}),
    ("lost_after", {}),
    ("truncated_after", {}),
    ("garbage_after", {}),
]
LOST: list[tuple[str, dict[str, Any]]] = [("status_before", {"status": 500}), ("lost_before", {})]
STEPS = ("RT21", "RT25", "RT26", "RT27")
READS = ("RT11", "RE01", "W2", "GET_RETURN", "OR11")
CREATIONS = ("W1", "OR28")
"""Lost twice, one of these is a case for a person, and rightly so: here each is lost once only."""

A_CHAPTER_TAKES = 240.0
"""Seconds at the most, on a machine that is busy with other things."""


def mappings_of_the_story(folder: Path) -> Path:
    """The shipped tables, and a row that RE01 does not allow."""
    folder.mkdir(parents=True)
    for table in FOLDER.glob("*.csv"):
        shutil.copy(table, folder)
    _append(folder, FORBIDDEN_ROW)
    return folder


class ReturnsStory:
    """Told chapter by chapter; each ends when the fleet has done its part.

    :param fleet: on any database, with the tables of `mappings_of_the_story`.
    """

    def __init__(self, fleet: RunningFleet, sandbox: SandboxClient) -> None:
        self.fleet, self.sandbox = fleet, sandbox
        self.reasons: dict[str, str] = {}
        self.lines: dict[str, str] = {}
        self._spoil_calls()

    def _spoil_calls(self) -> None:
        """Every tenth call goes wrong; the first call for many returns for certain, since there are few of those."""
        for operation in CREATIONS:
            self.sandbox.add_fault(operation, "lost_before", times=1)
        for operation in STEPS:
            self.sandbox.add_fault(operation, "lost_after", times=1)
        for operation in (*STEPS, *READS, *CREATIONS):
            kinds = SEEN_OR_TURNED_AWAY if operation in CREATIONS else [*SEEN_OR_TURNED_AWAY, *LOST]
            for kind, facts in kinds:
                self.sandbox.add_fault(operation, kind, probability=SHARE / len(kinds), **facts)

    def send_back(self) -> None:
        """One unit of each of 200 delivered orders, for each of the reasons in turn."""
        self.sandbox.seed_offers({SKU: 0})
        codes = cycle([*PUBLISHED, *UNPUBLISHED, FORBIDDEN])
        for number in range(RETURNS):
            line_id, reason = f"line-{number}", next(codes)
            line = {"sku": SKU, "quantity": 1, "unit_price": "25.00", "order_line_id": line_id}
            order_id = self.sandbox.seed_order(state="RECEIVED", lines=[line])
            announced = {"order_line_id": line_id, "quantity": 1, "reason_code": reason or None}
            return_id = self.sandbox.open_return(order_id, [announced])
            self.reasons[return_id], self.lines[return_id] = reason, line_id

    def wait_for_reveni(self) -> None:
        """What is mapped and legal is there; the rest is held, each for its own reason."""
        there, held = len(self.with_codes(*PUBLISHED)), len(self.with_codes(*UNPUBLISHED, FORBIDDEN))
        self._wait("returns in Reveni, or held", lambda: self._states() == {"open": there, "held": held})

    def check_what_is_held(self) -> None:
        rows = {row["return_id"]: row["held_reason"] for row in self.fleet.rows("returns", "list")}
        assert rows == {return_id: _held_reason(code) for return_id, code in self.reasons.items()}
        there = self.sandbox.books()["reveni_returns"]
        assert set(there) == set(self.with_codes(*PUBLISHED))

    def judge(self) -> None:
        """A third of the webhooks is lost, a third comes twice; every eighth parcel is accepted."""
        rejections = cycle(REJECTIONS)
        mapped = self.with_codes(*PUBLISHED)
        for deliveries in (0, 2, 1):
            self.sandbox.set_deliveries_per_event(deliveries)
            for number, return_id in enumerate(mapped[deliveries::3]):
                accepted = number % 8 == 0
                verdict = {"accepted": 1} if accepted else {"rejected": 1, "reject_reason": next(rejections)}
                self.sandbox.judge(return_id, self.lines[return_id], **verdict)

    def mend_the_tables(self) -> None:
        """A person maps the reasons that can be, and has all that they held taken up again."""
        _append(self.fleet.settings.mappings_dir, MENDED_ROWS)
        self.fleet.command("replay", "return", "--reason", "unmapped_return_reason", "--apply")

    def wait_for_the_end(self) -> None:
        mapped, mended = self.with_codes(*PUBLISHED), self.with_codes(*(code for code in UNPUBLISHED if code))
        held = self.with_codes("", FORBIDDEN)
        end = {"closed": len(mapped), "open": len(mended), "held": len(held)}
        self._wait("the end of every return", lambda: self._states() == end)

    def check_books(self) -> None:
        """Each return is in Reveni once, or not at all; Mirakl was never asked for a step it does not allow."""
        books = self.sandbox.books()
        there = {return_id: len(twins) for return_id, twins in books["reveni_returns"].items()}
        assert there == dict.fromkeys(self.with_codes(*PUBLISHED, *(code for code in UNPUBLISHED if code)), 1)
        ends = Counter(books["returns"][return_id] for return_id in self.with_codes(*PUBLISHED))
        assert ends == {"CLOSED": len(self.with_codes(*PUBLISHED))}
        assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)
        assert {len(refunds) for refunds in books["refunds"].values()} == {1}
        assert books["ceiling_violations"] == {}

    def with_codes(self, *codes: str) -> list[str]:
        """The returns that came for one of these reasons."""
        return [return_id for return_id, code in self.reasons.items() if code in codes]

    def _states(self) -> dict[str, int]:
        states: dict[str, int] = self.fleet.read(lambda tx: counts(tx).returns)
        return states

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        wait_until(condition, within=A_CHAPTER_TAKES, what=what)


def _held_reason(code: str) -> str | None:
    if code == FORBIDDEN:
        return "illegal_refund_reason"
    return None if code in PUBLISHED else "unmapped_return_reason"


def _append(folder: Path, rows: str) -> None:
    with (folder / "return_reasons.csv").open("a") as table:
        table.write(rows)
