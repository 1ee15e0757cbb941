"""Mirakl as Backhaul uses it: every call of every family, with Mirakl's operation code on each."""

from __future__ import annotations

from integration.mirakl.accounting import AccountingCalls
from integration.mirakl.offers import OfferCalls
from integration.mirakl.orders import OrderCalls
from integration.mirakl.platform import PlatformCalls
from integration.mirakl.refunds import RefundCalls
from integration.mirakl.returns import ReturnCalls
from integration.mirakl.wire.returns import LineCompliance, ReturnCompliance, ReturnResults

__all__ = ["LineCompliance", "Mirakl", "ReturnCompliance", "ReturnResults"]


class Mirakl(OrderCalls, RefundCalls, ReturnCalls, OfferCalls, AccountingCalls, PlatformCalls):
    """One shop on one Mirakl platform. Takes and returns frozen models; may be called from any thread."""
