"""A refund of 25.00 GBP and the lines that Mirakl's account has for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from integration.domain.reconciliation import KnownRefund, Promised, Reconciled
from integration.domain.settlement import AccountLine, Cycle, Payout
from integration.domain.settlement_report import Document, SettlementReport
from integration.domain.settlement_scope import Month, Scope

MADE = datetime(2026, 11, 10, 12, tzinfo=UTC)
BILLED = datetime(2026, 11, 20, tzinfo=UTC)
NOVEMBER, DECEMBER = Month.named("2026-11"), Month.named("2026-12")


def money(amount: str) -> Decimal:
    return Decimal(amount)


def promise(**facts: Any) -> Promised:
    """25.00 with taxes contained, 6.00 of commission to come back."""
    usual: dict[str, Any] = {
        "product": money("25.00"), "taxes": money("0"), "shipping": money("0"), "shipping_taxes": money("0"),
        "fees": money("0"), "commission": money("6.00"),
    }  # fmt: skip
    return Promised(**{**usual, **facts})


def known(mirakl_refund_id: str = "77", /, **facts: Any) -> KnownRefund:
    usual: dict[str, Any] = {
        "refund_id": f"ours-{mirakl_refund_id}", "mirakl_refund_id": mirakl_refund_id, "order_id": "O-1",
        "order_line_id": "O-1-1", "currency": "GBP", "noted_at": MADE, "promised": promise(), "sku": "SKU-1",
        "reason_code": "17", "quantity": 1,
    }  # fmt: skip
    return KnownRefund(**{**usual, **facts})


def stranger(mirakl_refund_id: str = "88", /, **facts: Any) -> KnownRefund:
    return known(mirakl_refund_id, **{"refund_id": None, "promised": None, **facts})


def line(kind: str, amount: str, *, refund_id: str = "77", cycle: str | None = "C-1", **facts: Any) -> AccountLine:
    usual: dict[str, Any] = {
        "id": f"T-{refund_id}-{kind}", "type": kind, "amount": money(amount), "currency": "GBP", "created": MADE,
        "payment_state": "PAID" if cycle else "PENDING", "cycle_id": cycle, "billed_at": BILLED if cycle else None,
        "order_id": "O-1", "order_line_id": "O-1-1", "refund_id": refund_id,
    }  # fmt: skip
    return AccountLine(**{**usual, **facts})


def its_lines(refund_id: str = "77", *, cycle: str | None = "C-1", **facts: Any) -> list[AccountLine]:
    """As Mirakl books the refund: the tax that the price contains, and the commission's, on lines of their own."""
    return [
        line("REFUND_ORDER_AMOUNT", "-20.83", refund_id=refund_id, cycle=cycle, **facts),
        line("REFUND_ORDER_AMOUNT_TAX", "-4.17", refund_id=refund_id, cycle=cycle, **facts),
        line("REFUND_COMMISSION_FEE", "5.00", refund_id=refund_id, cycle=cycle, **facts),
        line("REFUND_COMMISSION_VAT", "1.00", refund_id=refund_id, cycle=cycle, **facts),
    ]


def by(lines: list[AccountLine], kind: str, amount: str) -> list[AccountLine]:
    """The lines, with the one of this type changed by an amount."""
    return [replace(each, amount=each.amount + money(amount)) if each.type == kind else each for each in lines]


def a_report(*refunds: Reconciled, scope: Scope = NOVEMBER, **facts: Any) -> SettlementReport:
    usual: dict[str, Any] = {
        "payouts": (a_payout(),), "references": {"C-1": "BANK-7"},
        "documents": (Document("9", "C-1", "AUTO_INVOICE", "GBP", money("6.00"), "PAID", "BANK-7"),),
        "account_read_until": BILLED + timedelta(days=1),
    }  # fmt: skip
    return SettlementReport(scope=scope, considered=refunds, **{**usual, **facts})


def a_payout(*, transferred: str | None = "81.00", **parts: str) -> Payout:
    amounts = parts or {"sales": "100.00", "refunds": "-25.00", "commissions_given_back": "6.00"}
    return Payout(
        cycle=Cycle(
            "C-1", BILLED, "GBP", None if transferred is None else money(transferred), "PAID", "BANK-7", BILLED
        ),
        currency="GBP",
        transferred=None if transferred is None else money(transferred),
        parts={name: money(amount) for name, amount in amounts.items()},
    )
