"""TL02 (transaction lines), SBC11 (billing cycles and their payouts) and IV01 (accounting documents)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.paging import offset_page, seek, seek_page
from integration.sandbox.mirakl.records import ZERO, BillingCycle, Transaction
from integration.sandbox.mirakl.refusals import date_of, refusal

if TYPE_CHECKING:
    from integration.sandbox.world import World

_SORTS = {"dateCreated": "created", "lastUpdated": "updated"}
_DOCUMENTS = ("AUTO_INVOICE", "MANUAL_INVOICE", "MANUAL_CREDIT", "ALL")


def list_transactions(world: World, call: Call) -> Answer:
    """TL02: newest first unless the sort says otherwise. Lines change while they go from PENDING to PAID."""
    question, start = seek(call)
    criterion, _, direction = (question.one("sort") or "dateCreated").partition(",")
    if criterion not in _SORTS or direction.upper() not in ("", "ASC", "DESC"):
        raise refusal(400, "Error with parameter sort. Please check the datatype.")
    since = date_of(question, "last_updated_from")
    found = [entry for entry in world.transactions if _matches(question, entry)]
    if since is not None:
        found = [entry for entry in found if entry.updated >= since]
    found.sort(key=lambda entry: getattr(entry, _SORTS[criterion]), reverse=direction.upper() != "ASC")
    return seek_page(question, start, found, _transaction, most=2000)


def _matches(call: Call, entry: Transaction) -> bool:
    values = {
        "transaction_type": entry.type,
        "payment_state": entry.payment_state,
        "seller_billing_cycle_id": entry.cycle_id,
        "order_id": entry.order and entry.order.order_id,
        "order_line_id": entry.line and entry.line.order_line_id,
    }
    return all(not call.many(name) or value in call.many(name) for name, value in values.items())


def list_cycles(world: World, call: Call) -> Answer:
    """SBC11: each billing cycle with its payout, `start_date` and `end_date` by creation."""
    question, start = seek(call)
    since, until = date_of(question, "start_date"), date_of(question, "end_date")
    ids, states = question.many("id"), question.many("pay_out_state")
    found = [
        cycle
        for cycle in world.cycles
        if (since is None or cycle.created >= since)
        and (until is None or cycle.created <= until)
        and (not ids or cycle.id in ids)
        and (not states or cycle.payout_state in states)
    ]
    return seek_page(question, start, found, lambda cycle: _cycle(world, cycle), most=1000)


def list_documents(world: World, call: Call) -> Answer:
    """IV01: one AUTO_INVOICE per billing cycle; manual documents are not made here."""
    kind = call.one("type") or "AUTO_INVOICE"
    if kind not in _DOCUMENTS:
        raise refusal(400, "Error with parameter type. Please check the datatype.")
    since, until = date_of(call, "start_date"), date_of(call, "end_date")
    found = [
        cycle
        for cycle in world.cycles
        if kind in ("AUTO_INVOICE", "ALL")
        and (since is None or cycle.created >= since)
        and (until is None or cycle.created <= until)
    ]
    return offset_page(call, found, "invoices", lambda cycle: _document(world, cycle))


def _transaction(entry: Transaction) -> dict[str, Any]:
    view = {
        "amount": entry.amount,
        "amount_credited": max(entry.amount, ZERO),
        "amount_debited": max(-entry.amount, ZERO),
        "balance": entry.balance,
        "currency_iso_code": entry.currency,
        "date_created": entry.created,
        "entities": _entities(entry),
        "id": entry.id,
        "last_updated": entry.updated,
        "pay_out_psp_code": "NOT_SPECIFIED",
        "payment_state": entry.payment_state,
        "type": entry.type,
    }
    if entry.cycle_id is None:
        return view
    # Both appear once the line is billed (mirakl.md 6.1).
    billed = {"seller_billing_cycle_id": entry.cycle_id, "accounting_document_number": entry.document_number}
    return {**view, **billed}


def _entities(entry: Transaction) -> dict[str, Any]:
    entities: dict[str, Any] = {"domain": "PRODUCT"}
    if entry.order is not None:
        order = entry.order
        entities["order"] = {
            "commercial_id": order.commercial_id,
            "creation_date": order.created,
            "id": order.order_id,
        }
    if entry.line is not None:
        entities["order_line"] = {"id": entry.line.order_line_id}
    if entry.refund_id is not None:
        entities["refund"] = {"id": entry.refund_id}
    if entry.tax_code is not None:
        entities["order_tax"] = {"code": entry.tax_code}
    if entry.fee_code is not None:
        refunds = [] if entry.refund_id is None else [{"id": entry.refund_id}]
        entities["fee"] = {"code": entry.fee_code, "refunds": refunds}
    return entities


def _payout(cycle: BillingCycle) -> dict[str, Any]:
    """Reference and date are there once it is paid (mirakl.md 6.2)."""
    if cycle.payout_state != "PAID":
        return {"state": cycle.payout_state}
    return {"state": "PAID", "reference": cycle.reference, "transaction_date": cycle.created}


def _cycle(world: World, cycle: BillingCycle) -> dict[str, Any]:
    return {
        "amount_transferred_to_operator": -cycle.totals["total_commissions_incl_tax"]
        - cycle.totals["total_refund_commissions_incl_tax"],
        "amount_transferred_to_seller": cycle.transferred,
        "currency_iso_code": cycle.currency,
        "date_created": cycle.created,
        "id": cycle.id,
        "pay_out": _payout(cycle),
        "pay_out_psp_code": "NOT_SPECIFIED",
        "payment_voucher_number": f"{cycle.number:06d}",
        "shop": {"shop_id": world.options.shop_id, "shop_model": "MARKETPLACE", "shop_name": "Sandbox shop"},
        "summary": cycle.totals,
    }


def _document(world: World, cycle: BillingCycle) -> dict[str, Any]:
    charged, refunded = (
        cycle.totals["total_commissions_excl_tax"],
        cycle.totals["total_refund_commissions_excl_tax"],
    )
    with_tax = cycle.totals["total_commissions_incl_tax"] + cycle.totals["total_refund_commissions_incl_tax"]
    payout = _payout(cycle)
    return {
        "currency_iso_code": cycle.currency,
        "date_created": cycle.created,
        "due_date": cycle.created,
        "id": f"{cycle.number:012d}",
        "invoice_id": cycle.number,
        "issue_date": cycle.created,
        "pay_out_psp_code": "NOT_SPECIFIED",
        "payment": {**payout, "state": "PENDING" if payout["state"] == "TO_PAY" else payout["state"]},
        "seller_billing_cycle_id": cycle.id,
        "shop_id": world.options.shop_id,
        "shop_model": "MARKETPLACE",
        "shop_name": "Sandbox shop",
        "state": "COMPLETE",
        "summary": {"amount_transferred": cycle.transferred},
        "total_amount_excl_taxes": -(charged + refunded),
        "total_amount_incl_taxes": -with_tax,
        "type": "AUTO_INVOICE",
    }
