"""The shop (A01, A21), the platform (PC01), its reasons (RE01) and its taxes (OR75)."""

from __future__ import annotations

from pydantic import AliasPath, Field

from integration.domain.facts import Amount
from integration.wire import Flag, Listed, Many, Wire, Word


class Reason(Wire):
    """A reason code of the operator (RE01). OR28 takes those of type REFUND with `is_shop_right`."""

    code: str
    type: Word = ""
    is_shop_right: Flag = False
    label: str | None = None


class ReasonsAnswer(Wire):
    """A code that is not in it halts returns, so `reasons` must be there."""

    reasons: Listed[Reason]


class TaxRule(Wire):
    code: str
    tax_calculation_rule: str | None = None


class TaxesAnswer(Wire):
    """A tax that is not in it holds refunds, so `taxes` must be there."""

    taxes: Listed[TaxRule]


class Account(Wire):
    """The shop behind the key (A01): its state, its currency and its balances in that currency."""

    shop_id: str
    shop_name: str | None = None
    shop_state: str | None = None
    currency_iso_code: str | None = None
    payable_balance: Amount | None = Field(None, validation_alias=AliasPath("payment_details", "payable_balance"))
    pending_balance: Amount | None = Field(None, validation_alias=AliasPath("payment_details", "pending_balance"))


class Configuration(Wire):
    """What the operator has switched on (PC01); None where it does not say."""

    order_tax_mode: str | None = Field(None, validation_alias=AliasPath("features", "order_tax_mode"))
    order_acceptance: str | None = Field(
        None, validation_alias=AliasPath("features", "order_workflows", "order_acceptance")
    )
    """AUTOMATIC, NOT_AUTOMATIC or BOTH."""
    returns: bool | None = Field(None, validation_alias=AliasPath("features", "returns", "marketplace"))
    multi_currency: bool | None = Field(None, validation_alias=AliasPath("features", "multi_currency"))
    offer_prices_decimals: str | None = Field(None, validation_alias=AliasPath("features", "offer_prices_decimals"))


class _Statistic(Wire):
    period: str
    value: Amount | None = None


class ShopStatistics(Wire):
    """How the operator sees the shop (A21), per period such as LAST_MONTH; delays in seconds."""

    auto_refused_rate: Many[_Statistic] = ()
    approval_delay: Many[_Statistic] = ()
    approval_rate: Many[_Statistic] = ()
    refund_rate: Many[_Statistic] = ()
    return_rate: Many[_Statistic] = ()
    incident_rate: Many[_Statistic] = ()
