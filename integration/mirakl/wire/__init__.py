"""What Mirakl sends and is sent, as frozen models in Mirakl's own words.

They are tolerant, as Mirakl asks of its clients: unknown keys are ignored, enum values are strings, a null
list is an empty one, and all but ids may be missing even where the documentation calls it required.
"""

from integration.mirakl.wire.accounting import BillingCycle, Invoice, TransactionLine
from integration.mirakl.wire.offers import Offer, StockImport, StockLine, StockLineError
from integration.mirakl.wire.orders import Order, Shopper
from integration.mirakl.wire.platform import Account, Configuration, Reason, ShopStatistics
from integration.mirakl.wire.returns import (
    LineCompliance,
    Return,
    ReturnCompliance,
    ReturnLine,
    ReturnResults,
)

__all__ = [
    "Account",
    "BillingCycle",
    "Configuration",
    "Invoice",
    "LineCompliance",
    "Offer",
    "Order",
    "Reason",
    "Return",
    "ReturnCompliance",
    "ReturnLine",
    "ReturnResults",
    "ShopStatistics",
    "Shopper",
    "StockImport",
    "StockLine",
    "StockLineError",
    "TransactionLine",
]
