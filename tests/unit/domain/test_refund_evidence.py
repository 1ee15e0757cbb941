from __future__ import annotations

from integration.domain.refund_evidence import explain
from tests.unit.domain.refund_examples import a_fee, a_line, a_past_refund, a_tax, an_order, money, refund


def test_a_refund_is_explained_step_by_step() -> None:
    line = a_line(
        quantity=3,
        cancelations=[{"id": "C-1", "quantity": 1}],
        promotions=[{"id": "SUMMER", "deduced_amount": money("10.00")}],
        taxes=(a_tax("VAT", "8.33"), a_tax("ECO", "1.00", "PROPORTIONAL_TO_AMOUNT")),
        shipping_taxes=(a_tax("VAT", "0.83"), a_tax("ECO", "0.10", "PROPORTIONAL_TO_AMOUNT")),
        fees=(a_fee("RECYCLING", "0.40"),),
        refunds=(a_past_refund(quantity=None, shipping_amount=money("1.00")),),
    )
    calculation = refund(
        an_order(line, tax_mode="TAX_EXCLUDED"),
        shipping_refund="proportional",
        fee_codes=frozenset({"RECYCLING"}),
    )
    assert explain(calculation) == [
        "Refund of 1 of 2 units of line O-1-1 (SKU-1) of order O-1, in GBP, TAX_EXCLUDED.",
        "Read from Mirakl (OR11): order RECEIVED, last updated 2026-01-05 10:00:00+00:00.",
        "Units: quantity 3, 1 canceled, 2 active at 25.00; 0 refunded before.",
        "Promotion SUMMER took 10.00 off; the prices are net of it.",
        "Refunded before: R-1 (made by others), 25.00 and shipping 1.00.",
        "price: round(50.00 × 1 ÷ 2) − round(50.00 × 0 ÷ 2) = 25.00"
        " (the line carries 50.00, of which 25.00 was left to refund)",
        "shipping_price: round(5.00 × 1 ÷ 2) − round(5.00 × 0 ÷ 2) = 2.50"
        " (the line carries 5.00, of which 4.00 was left to refund)",
        "tax VAT: round(8.33 × 1 ÷ 2) − round(8.33 × 0 ÷ 2) = 4.17"
        " (the line carries 8.33, of which 8.33 was left to refund)",
        "shipping tax VAT: round(0.83 × 1 ÷ 2) − round(0.83 × 0 ÷ 2) = 0.42"
        " (the line carries 0.83, of which 0.83 was left to refund)",
        "fee RECYCLING: round(0.40 × 1 ÷ 2) − round(0.40 × 0 ÷ 2) = 0.20"
        " (the line carries 0.40, of which 0.40 was left to refund)",
        "tax ECO: worked out by Mirakl (PROPORTIONAL_TO_AMOUNT), so not sent.",
        "shipping tax ECO: worked out by Mirakl (PROPORTIONAL_TO_AMOUNT), so not sent.",
        "Asked of Mirakl (OR28), reason 17: 25.00 + 2.50 + 4.17 + 0.42 + 0.20 = 32.29 GBP.",
        "Commission given back, expected: 11.00 × 27.50 ÷ (50.00 + 5.00) = 5.50 GBP.",
    ]


def test_a_refund_without_shipping_taxes_or_known_commission_says_so() -> None:
    line = a_line(taxes=(a_tax("VAT", "8.33"),), refunds=(a_past_refund(),), total_commission=None)
    lines = explain(refund(an_order(line), ours={"R-1": 1}))
    assert "Refunded before: R-1 (ours), 25.00 and shipping 0.00." in lines
    assert lines[-3:] == [
        "shipping_price: not refunded, as the mapping of the return reason says.",
        "Asked of Mirakl (OR28), reason 17: 25.00 + 0.00 = 25.00 GBP.",
        "Commission given back: cannot be told, since the order does not say what was taken.",
    ]
