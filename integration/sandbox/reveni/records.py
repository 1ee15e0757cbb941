"""Reveni's things as the sandbox keeps them (Reveni W3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class ReturnItem:
    """`restocked_quantity` None is left out of the answer, which is not the same as 0 (Reveni W4)."""

    id: str
    external_id: str
    sku: str
    name: str
    quantity: int
    unit_price: str
    return_reason: str
    exchange: dict[str, Any] | None = None
    accepted_quantity: int = 0
    rejected_quantity: int = 0
    reject_reason: str | None = None
    reject_reason_text: str | None = None
    restock: bool | None = None
    restocked_quantity: int | None = None
    received_sku: str | None = None
    for_review: bool = False

    @property
    def judged(self) -> bool:
        return self.accepted_quantity + self.rejected_quantity >= self.quantity

    @property
    def status(self) -> str:
        if self.for_review:
            return "for_review"
        if not self.judged:
            return "pending"
        return "accepted" if self.accepted_quantity else "rejected"


@dataclass
class ReveniReturn:
    id: str
    external_id: str
    order_id: str
    order: dict[str, Any]
    type: str
    mode: str
    currency: str
    updated: datetime
    items: list[ReturnItem]
    refunds: list[dict[str, Any]] = field(default_factory=list)
    # Set by hand, by a cancelation or by the control API; else the items decide.
    fixed_status: str | None = None

    @property
    def status(self) -> str:
        if self.fixed_status is not None:
            return self.fixed_status
        if not any(item.accepted_quantity + item.rejected_quantity for item in self.items):
            return "in_progress"
        if not all(item.judged for item in self.items):
            return "for_review"
        if not any(item.rejected_quantity for item in self.items):
            return "accepted"
        return "partly_accepted" if any(item.accepted_quantity for item in self.items) else "rejected"


@dataclass
class Webhook:
    id: str
    url: str
    event_types: list[str]
