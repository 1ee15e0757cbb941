"""What a refund comes to on the marketplace, what it waits for, and what holds it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from integration.ledger.tables import ReturnLineRow
from integration.sandbox import SandboxClient, SandboxOptions
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane, Parcel

PROPORTIONAL, NO_SHIPPING = "RETURN_DEFECTIVE_ITEM", "RETURN_CHANGED_MIND"
PAID_BY_REVENI = {"id": "rf-1", "amount": "25.00", "currency": "GBP", "method": "card", "status": "paid"}


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 5})
    return Lane(start_fleet(), sandbox)


def made(lane: Lane, parcel: Parcel) -> list[dict[str, Any]]:
    """Every refund of the line in the sandbox's own books, oldest first."""
    refunds: list[dict[str, Any]] = lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])
    return refunds


def amounts(lane: Lane, parcel: Parcel) -> list[tuple[str, str]]:
    return [(str(one["amount"]), str(one["shipping_amount"])) for one in made(lane, parcel)]


def parts(refund: dict[str, Any], kind: str) -> dict[str, str]:
    return {part["code"]: str(part["amount"]) for part in refund[kind]}


def states(lane: Lane, parcel: Parcel | None = None) -> list[tuple[str, str | None]]:
    """State and reason of every refund of ours."""
    return [(one.state, one.intent.reason) for one in lane.refunds(parcel) if one.intent is not None]


def until_made(lane: Lane, count: int, parcel: Parcel | None = None) -> None:
    lane.until(lambda: [state in ("confirmed", "refunded") for state, _ in states(lane, parcel)] == [True] * count)


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, refund_delay=100.0)])
def test_a_refund_is_followed_until_mirakl_has_paid_it(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=1, rejected=1, reject_reason="defect")
    lane.work_until("push_refund", "confirmed")
    assert states(lane) == [("confirmed", None)]
    lane.until(lambda: states(lane) == [("refunded", None)])
    ((amount, shipping),) = amounts(lane, parcel)
    ((refund, _),) = lane.refunds()
    assert (amount, shipping) == ("25.00", "0.00")
    assert (refund.amount, refund.shipping_amount, refund.currency) == (Decimal("25.00"), Decimal("0.00"), "GBP")
    assert made(lane, parcel)[0]["refund_id"] == refund.mirakl_refund_id
    assert (made(lane, parcel)[0]["quantity"], made(lane, parcel)[0]["reason_code"]) == (1, "17")


@pytest.mark.crash_matrix(24)
@pytest.mark.parametrize(
    ("line", "verdicts", "expected"),
    [
        ({"unit_price": "10.01"}, [1, 2], [("10.01", "1.66"), ("20.02", "3.33")]),
        ({"unit_price": "10.01"}, [1, 1, 1], [("10.01", "1.66"), ("10.01", "1.67"), ("10.01", "1.66")]),
        (
            {"unit_price": "6.67", "price": "20.00", "promotions": [{"id": "P", "deduced_amount": "1.00"}]},
            [2, 1],
            [("13.33", "3.33"), ("6.67", "1.66")],
        ),
    ],
)
def test_units_that_are_accepted_one_after_the_other_add_up_to_the_line(
    lane: Lane, line: dict[str, Any], verdicts: list[int], expected: list[tuple[str, str]]
) -> None:
    parcel = lane.send_back(3, reason=PROPORTIONAL, shipping_price="4.99", **line)
    lane.arrive(parcel)
    for number, accepted in enumerate(verdicts, start=1):
        lane.judge(parcel, accepted=accepted)
        until_made(lane, number)
    assert amounts(lane, parcel) == expected


def test_taxes_of_rule_none_are_sent_and_proportional_ones_are_left_to_mirakl(lane: Lane) -> None:
    taxes = [{"code": "VAT", "amount": "10.01"}, {"code": "ECO", "amount": "1.01", "rule": "NONE"}]
    on_shipping = [{"code": "VAT", "amount": "1.00"}, {"code": "PORT", "amount": "0.33", "rule": "NONE"}]
    parcel = lane.send_back(
        2,
        reason=PROPORTIONAL,
        order={"tax_mode": "TAX_EXCLUDED"},
        shipping_price="4.99",
        taxes=taxes,
        shipping_taxes=on_shipping,
    )
    lane.arrive(parcel)
    for number in (1, 2):
        lane.judge(parcel, accepted=1)
        until_made(lane, number)
    first, second = made(lane, parcel)
    assert amounts(lane, parcel) == [("25.00", "2.50"), ("25.00", "2.49")]
    assert (parts(first, "taxes")["ECO"], parts(second, "taxes")["ECO"]) == ("0.51", "0.50")
    assert (parts(first, "shipping_taxes")["PORT"], parts(second, "shipping_taxes")["PORT"]) == ("0.17", "0.16")
    for kind, whole in (("taxes", "10.01"), ("shipping_taxes", "1.00")):
        assert Decimal(parts(first, kind)["VAT"]) + Decimal(parts(second, kind)["VAT"]) == Decimal(whole)
    for call in lane.sandbox.calls("OR28"):
        assert '"VAT"' not in call["body"]
        assert '"TAX_EXCLUDED"' in call["body"]


def test_the_rule_of_a_tax_that_the_order_leaves_out_is_mirakls_and_without_one_nothing_is_sent(lane: Lane) -> None:
    lane.sandbox.seed_order(lines=[{"sku": "X", "taxes": [{"code": "ECO", "amount": "1.00", "rule": "NONE"}]}])
    known = lane.send_back(taxes=[{"code": "ECO", "amount": "2.00", "rule": None}])
    unknown = lane.send_back(taxes=[{"code": "LEVY", "amount": "2.00", "rule": None}])
    lane.arrive(known, unknown)
    for parcel in (known, unknown):
        lane.judge(parcel, accepted=1)
    lane.until(lambda: states(lane, unknown) == [("held", "tax_without_rule")])
    until_made(lane, 1, known)
    assert (parts(made(lane, known)[0], "taxes"), made(lane, unknown)) == ({"ECO": "2.00"}, [])


def test_fees_go_back_where_their_codes_are_named(start_fleet: StartFleet, sandbox: SandboxClient) -> None:
    lane = Lane(start_fleet(refund_fee_codes="GIFT"), sandbox)
    fees = [{"code": "GIFT", "amount": "3.01"}, {"code": "RECYCLING", "amount": "1.00"}]
    parcel = lane.come_back(lane.send_back(2, fees=fees), accepted=1)
    until_made(lane, 1)
    assert parts(made(lane, parcel)[0], "fees") == {"GIFT": "1.51"}


def test_a_refund_waits_for_the_balance_and_is_paid_when_it_is_there(lane: Lane) -> None:
    lane.sandbox.set_balance(payable="0", pending="0")
    parcel = lane.come_back(lane.send_back(), accepted=1)
    lane.until(lambda: states(lane) == [("decided", "insufficient_balance")])
    lane.until(lambda: lane.sandbox.books()["calls"]["OR28"] > 3)
    assert (states(lane), made(lane, parcel)) == ([("decided", "insufficient_balance")], [])
    lane.sandbox.set_balance(payable="1000")
    until_made(lane, 1)
    assert (amounts(lane, parcel), lane.inbox()) == ([("25.00", "0.00")], set())


def test_a_refund_waits_for_the_debit_whether_the_order_or_only_the_refusal_tells_of_it(lane: Lane) -> None:
    orders: list[dict[str, Any]] = [{"state": "WAITING_DEBIT_PAYMENT"}, {"state": "SHIPPED", "debited": False}]
    parcels = [lane.send_back(order=order) for order in orders]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    lane.until(lambda: states(lane) == [("decided", "order_not_debited")] * 2)
    lane.turn()
    assert states(lane) == [("decided", "order_not_debited")] * 2
    for parcel in parcels:
        assert made(lane, parcel) == []
        lane.sandbox.receive(parcel.order_id)
    until_made(lane, 2)
    assert [amounts(lane, parcel) for parcel in parcels] == [[("25.00", "0.00")]] * 2


def test_what_must_not_be_refunded_by_itself_is_held_and_nothing_is_sent(lane: Lane) -> None:
    reveni: dict[str, dict[str, Any]] = {
        "exchange": {"type": "exchange"},
        "unknown_return_type": {"type": "store_credit"},
        "reveni_pays_too": {"mode": "instant"},
        "unknown_return_mode": {"mode": "soon"},
        "currency_differs": {"currency": "EUR"},
        "currency_unknown": {"currency": None},
    }
    parcels = {reason: lane.send_back() for reason in [*reveni, "paid by Reveni", "order_closed"]}
    lane.arrive(*parcels.values())
    for reason, changes in reveni.items():
        lane.sandbox.set_reveni_return(parcels[reason].return_id, **changes)
    lane.sandbox.set_reveni_return(parcels["paid by Reveni"].return_id, refunds=[PAID_BY_REVENI])
    lane.sandbox.close_order(parcels["order_closed"].order_id)
    for parcel in parcels.values():
        lane.judge(parcel, accepted=1)
    lane.until(lambda: [state for state, _ in states(lane)] == ["held"] * len(parcels))
    reasons = {name: states(lane, parcel)[0][1] for name, parcel in parcels.items()}
    assert reasons == {**{reason: reason for reason in parcels}, "paid by Reveni": "reveni_pays_too"}
    assert "OR28" not in lane.sandbox.books()["calls"]
    assert lane.inbox() == {("refund", str(reason)) for reason in reasons.values()}


def test_a_held_refund_is_worked_out_anew_when_it_is_replayed(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.set_reveni_return(parcel.return_id, mode="instant")
    lane.judge(parcel, accepted=1)
    lane.until(lambda: states(lane) == [("held", "reveni_pays_too")])

    lane.sandbox.set_reveni_return(parcel.return_id, mode="not_instant")
    lane.tell(parcel)
    lane.turn()
    assert states(lane) == [("held", "reveni_pays_too")]
    assert lane.replay("refund", lane.refunds()[0].row.id).applied
    until_made(lane, 1)
    assert (amounts(lane, parcel), lane.inbox()) == ([("25.00", "0.00")], set())


@pytest.mark.crash_matrix(25)
def test_a_refund_by_others_is_recorded_as_external_and_ours_follows_it(lane: Lane) -> None:
    """M1: what was refunded before the return was announced is not for its units, and counts as refunded."""
    order_id, line = lane.deliver(
        3, unit_price="6.67", price="20.00", promotions=[{"id": "P", "deduced_amount": "1.00"}]
    )
    external = lane.sandbox.refund_externally(line, amount="6.67", quantity=1)
    parcel = lane.come_back(lane.send_back_from(order_id, line, 2), accepted=1)
    until_made(lane, 1)
    assert amounts(lane, parcel) == [("6.67", "0.00"), ("6.66", "0.00")]
    others = [one.row for one in lane.refunds() if one.state == "external"]
    assert [(one.mirakl_refund_id, one.amount, one.quantity) for one in others] == [(external, Decimal("6.67"), 1)]


@pytest.mark.crash_matrix(25)
def test_more_than_is_left_is_held_and_never_cut_to_fit(lane: Lane) -> None:
    externals = {}
    for quantity, amount in ((1, "25.00"), (0, "30.00")):
        order_id, line = lane.deliver(2)
        external = lane.sandbox.refund_externally(line, amount=amount, quantity=quantity)
        externals[lane.send_back_from(order_id, line, 2)] = external
    lane.arrive(*externals)
    for parcel in externals:
        lane.judge(parcel, accepted=2)
    lane.until(lambda: states(lane) == [("held", "exceeds_remaining")] * 2)
    for parcel, external in externals.items():
        assert [one["refund_id"] for one in made(lane, parcel)] == [external]
        lane.sandbox.erase_refund(external)
        assert lane.replay("refund", next(one.row.id for one in lane.refunds(parcel) if one.intent)).applied
    until_made(lane, 2)
    assert [amounts(lane, parcel) for parcel in externals] == [[("50.00", "0.00")]] * 2


def test_a_refund_whose_return_is_gone_from_the_ledger_is_held(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.judge(parcel, accepted=1)
    lane.work_until("read_verdict", "confirmed")
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(delete(ReturnLineRow).where(ReturnLineRow.return_id == parcel.return_id))
    lane.until(lambda: states(lane) == [("held", "return_not_in_ledger")])
    assert made(lane, parcel) == []


def test_canceled_units_are_no_part_of_what_is_shared(lane: Lane) -> None:
    parcel = lane.send_back(
        1, quantity=3, reason=PROPORTIONAL, shipping_price="4.00", cancelations=[{"quantity": 1, "amount": "25.00"}]
    )
    lane.come_back(parcel, accepted=1)
    until_made(lane, 1)
    assert amounts(lane, parcel) == [("25.00", "2.00")]


def test_any_other_refusal_is_held_with_mirakls_words(lane: Lane) -> None:
    lane.sandbox.add_fault("OR28", "status_before", status=400, body={"message": "Refunds rest on Sundays"})
    lane.come_back(lane.send_back(), accepted=1)
    lane.until(lambda: states(lane) == [("held", "refund_rejected")])
    ((_, intent),) = lane.refunds()
    assert intent is not None
    assert intent.detail == "Mirakl refused: Refunds rest on Sundays"


@pytest.mark.parametrize("orders", [[], [{"order_id": "ASOS-1-A", "order_lines": []}]])
def test_an_order_that_or11_does_not_show_whole_is_held(lane: Lane, orders: list[dict[str, Any]]) -> None:
    parcel = lane.send_back(order={"order_id": "ASOS-1-A"})
    lane.arrive(parcel)
    body = {"orders": orders, "total_count": len(orders)}
    lane.sandbox.add_fault("OR11", "status_before", status=200, body=body)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: [state for state, _ in states(lane)] == ["held"])
    assert states(lane)[0][1] in ("order_not_on_mirakl", "order_line_not_in_order")
    assert "OR28" not in lane.sandbox.books()["calls"]
