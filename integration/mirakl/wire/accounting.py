"""The transaction log (TL02), billing cycles (SBC11) and accounting documents (IV01)."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, AliasPath, Field

from integration.domain.facts import Amount, Moment
from integration.wire import Listed, Wire


class SeekPage(Wire):
    """A watermark moves past what is not on it, so `data` must be there."""

    data: Listed[dict[str, Any]]
    next_page_token: str | None = None


class TransactionLine(Wire):
    """One line of the seller's account. `amount` is signed from the seller's view, in `currency_iso_code`.

    A line changes as it is billed and paid (`payment_state`, `seller_billing_cycle_id`): store it by `id`.
    """

    id: str
    type: str | None = None
    amount: Amount | None = None
    amount_credited: Amount | None = None
    amount_debited: Amount | None = None
    currency_iso_code: str | None = None
    date_created: Moment | None = None
    last_updated: Moment | None = None
    payment_state: str | None = None
    seller_billing_cycle_id: str | None = None
    accounting_document_number: str | None = None
    order_id: str | None = Field(None, validation_alias=AliasPath("entities", "order", "id"))
    order_commercial_id: str | None = Field(None, validation_alias=AliasPath("entities", "order", "commercial_id"))
    order_line_id: str | None = Field(None, validation_alias=AliasPath("entities", "order_line", "id"))
    refund_id: str | None = Field(
        None,
        validation_alias=AliasChoices(
            AliasPath("entities", "refund", "id"), AliasPath("entities", "fee", "refunds", 0, "id")
        ),
    )
    """The `refund_id` of OR28; a line about a fee may name it with the fee alone."""
    tax_code: str | None = Field(None, validation_alias=AliasPath("entities", "order_tax", "code"))
    transaction_number: str | None = Field(None, validation_alias=AliasPath("entities", "transaction_info", "number"))


class BillingCycle(Wire):
    """A billing cycle with its payout: `payout_reference` and `payout_date` once `payout_state` is PAID."""

    id: str
    date_created: Moment | None = None
    currency_iso_code: str | None = None
    amount_transferred_to_seller: Amount | None = None
    amount_transferred_to_operator: Amount | None = None
    payment_voucher_number: str | None = None
    payout_state: str | None = Field(None, validation_alias=AliasPath("pay_out", "state"))
    payout_reference: str | None = Field(None, validation_alias=AliasPath("pay_out", "reference"))
    payout_date: Moment | None = Field(None, validation_alias=AliasPath("pay_out", "transaction_date"))
    payout_failure: str | None = Field(None, validation_alias=AliasPath("pay_out", "failure_reason"))


class Invoice(Wire):
    """An accounting document, whether automatic or manual. Amounts are in `currency_iso_code`."""

    invoice_id: str
    type: str | None = None
    state: str | None = None
    date_created: Moment | None = None
    issue_date: Moment | None = None
    currency_iso_code: str | None = None
    total_amount_excl_taxes: Amount | None = None
    total_amount_incl_taxes: Amount | None = None
    seller_billing_cycle_id: str | None = None
    payment_state: str | None = Field(None, validation_alias=AliasPath("payment", "state"))
    payment_reference: str | None = Field(None, validation_alias=AliasPath("payment", "reference"))


class InvoicesPage(Wire):
    invoices: Listed[dict[str, Any]]
