"""For any table and any return: either every line is mapped and legal, or nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from integration.ledger.returns import get_return, lines_of
from integration.ledger.tables import ReferenceRow
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.poll_returns import store_return
from integration.wiring import make_mirakl
from mappings import Mappings, ReasonRow, RejectReasons, ReturnReasons, Skus, dump
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane
from tests.unit.usecases.lane import tables as shipped_tables

CODES = ["RETURN_A", "RETURN_B", "RETURN_C", None]
REFUNDS = ["17", "18", "99"]
KINDS = [("REFUND", True), ("REFUND", False), ("CANCELATION", True)]

TABLES = st.dictionaries(st.sampled_from(CODES[:-1]), st.sampled_from(REFUNDS))
"""Which return reasons are mapped, and with which refund reason each."""

ALLOWED = st.dictionaries(st.sampled_from(REFUNDS[:-1]), st.sampled_from(KINDS))
"""What RE01 says of which refund reasons; 99 it never knows."""

RETURNS = st.lists(st.sampled_from(CODES), min_size=1, max_size=3)
"""The reason of each line."""


@pytest.fixture
def options() -> SandboxOptions:
    """Each example reads its return by its id, beside the fleet's own calls."""
    return SandboxOptions(scale=SCALE, ceilings=False, debit_delay=0, refund_delay=0, import_delay=0)


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path) -> Lane:
    return Lane(start_fleet(mappings_dir=shipped_tables(tmp_path / "tables")), sandbox)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES, allowed=ALLOWED, reasons=RETURNS)
def test_either_every_line_is_mapped_and_legal_or_nothing_is_sent(
    lane: Lane, table: dict[str, str], allowed: dict[str, tuple[str, bool]], reasons: list[str | None]
) -> None:
    put_in_force(lane, table, allowed)
    return_id = send_back(lane, reasons)
    before = writes(lane)
    legal = {code for code, refund in table.items() if allowed.get(refund) == ("REFUND", True)}
    while lane.fleet.work():
        pass

    books = lane.sandbox.books()
    twins = books["reveni_returns"].get(return_id, [])
    with lane.fleet.ports.ledger.read() as tx:
        row, lines = get_return(tx, return_id), lines_of(tx, return_id)
    assert row is not None
    if legal.issuperset(reasons):
        [twin] = twins
        assert [item["return_reason"] for item in twin["return_items"]] == [f"reveni of {code}" for code in reasons]
        assert [line.refund_reason for line in lines] == [table[code] for code in reasons if code]
        assert {line.mapping_version for line in lines} == {row.mapping_version}
        return
    unmapped = not table.keys() >= set(reasons)
    assert row.held_reason == ("unmapped_return_reason" if unmapped else "illegal_refund_reason")
    assert (twins, books["returns"][return_id]) == ([], "WAITING_ACCEPTANCE")
    assert writes(lane) == before
    assert {line.refund_reason for line in lines} == {None}


def writes(lane: Lane) -> dict[str, int]:
    """How often Reveni was asked for a return, and Mirakl to accept one."""
    return {operation: len(lane.sandbox.calls(operation)) for operation in ("W1", "RT21")}


def put_in_force(lane: Lane, table: dict[str, str], allowed: dict[str, tuple[str, bool]]) -> None:
    rows = tuple(
        ReasonRow(
            mirakl_return_reason=code, reveni_return_reason=f"reveni of {code}", disposition="inspect",
            mirakl_refund_reason=refund, shipping_refund="none", location="inspection",
        )
        for code, refund in table.items()
    )  # fmt: skip
    dump(Mappings(ReturnReasons(rows), RejectReasons(), Skus(), version=""), lane.fleet.settings.mappings_dir)
    reasons = [
        {"code": code, "label": code, "type": kind, "is_shop_right": right} for code, (kind, right) in allowed.items()
    ]
    lane.sandbox.set_reasons(reasons)
    with lane.fleet.ports.ledger.write() as tx:  # as if a day had passed since RE01 was read
        tx.session.execute(delete(ReferenceRow))


def send_back(lane: Lane, reasons: list[str | None]) -> str:
    """A return of one line for each reason, as the poll stores it when it finds it."""
    order_lines = [{"sku": f"S-{n}", "quantity": 1, "unit_price": "9.00"} for n in range(len(reasons))]
    order_id = lane.sandbox.seed_order(state="RECEIVED", lines=order_lines)
    lines = [
        {"order_line_id": f"{order_id}-{n}", "quantity": 1, "reason_code": reason}
        for n, reason in enumerate(reasons, start=1)
    ]
    return_id = lane.sandbox.open_return(order_id, lines)
    [found] = make_mirakl(lane.fleet.settings).returns([return_id])
    with lane.fleet.ports.ledger.write() as tx:
        store_return(lane.fleet.ports, tx, found)
    return return_id
