"""What Reveni sends (W2, W3, events) and is sent (W1), as frozen models in Reveni's own words.

Only ids are taken for granted. A status is compared in lower case, since two eras of them are met.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, Field

from integration.domain.facts import Amount, Moment
from integration.wire import Listed, Many, Wire, Word

Status = Annotated[Word, AfterValidator(str.lower)]
"""Lower case, and empty where Reveni leaves it out; never a reason to move money or stock by itself."""


class ReveniRefund(Wire):
    """What Reveni itself paid or will pay to the shopper (W3), in major units of `currency`."""

    id: str | None = None
    amount: Amount | None = None
    currency: str | None = None
    method: str | None = None
    status: Status = ""


class ReturnItem(Wire):
    """Units of one SKU of a return (W3), with the warehouse's verdict, whose quantities only grow.

    A quantity that Reveni leaves out is None, which is not 0: without `restocked_quantity` the account does
    not say what was restocked (W4).
    """

    id: str
    external_id: str | None = None
    sku: str | None = None
    quantity: int | None = None
    return_reason: str | None = None
    status: Status = ""
    accepted_quantity: int | None = None
    rejected_quantity: int | None = None
    reject_reason: str | None = None
    restock: bool | None = None
    restocked_quantity: int | None = None
    received_sku: str | None = None


class ReveniReturn(Wire):
    """A return (W3). `external_id` is the Mirakl return's id, `order_external_id` the Mirakl order's.

    `refunds` and `items` are None where Reveni leaves the list out, or null: then it is not known whether Reveni has
    paid, or what it has judged.
    """

    id: str
    external_id: str | None = None
    order_external_id: str | None = Field(None, validation_alias=AliasPath("order", "external_id"))
    type: str | None = None
    mode: str | None = None
    status: Status = ""
    currency: str | None = None
    updated_at: Moment | None = None
    refunds: tuple[ReveniRefund, ...] | None = None
    items: tuple[ReturnItem, ...] | None = Field(None, validation_alias="return_items")


class ReturnsPage(Wire):
    """A page of W2. Returns stay undecoded here: one that does not fit must not hide the others.

    It says that a return does not exist, so it must be whole: `next` is there as well, and null on the last page.
    """

    results: Listed[dict[str, Any]]
    next: str | None


class WebhooksPage(Wire):
    results: Listed[dict[str, Any]]


class Customer(Wire):
    """Personal data, so its repr is empty."""

    email: str | None = Field(None, repr=False)
    first_name: str | None = Field(None, repr=False)
    last_name: str | None = Field(None, repr=False)


class NewReturnOrder(Wire):
    """The Mirakl order that a new return belongs to: `external_id` is its id, `name` its commercial id."""

    external_id: str
    name: str | None = None
    currency: str | None = None
    created_at: Moment | None = None
    customer: Customer


class NewReturnItem(Wire):
    """One order line of a new return. `unit_price` has four decimals, in the order's currency."""

    external_id: str
    sku: str
    name: str
    quantity: int
    unit_price: str
    return_reason: str


class NewReturn(Wire):
    """A return to be created (W1). `instant` is off: the warehouse's verdict comes before any money."""

    external_id: str
    order: NewReturnOrder
    return_items: tuple[NewReturnItem, ...]
    type: str = "refund"
    instant: bool = False

    def document(self) -> dict[str, Any]:
        """The body of W1, with personal data."""
        return self.model_dump(mode="json", exclude_none=True)


class CreatedReturn(Wire):
    """The answer of W1. Its token, which opens the return to the shopper, is not read."""

    id: str
    order_id: str | None = None


class Webhook(Wire):
    """A registered webhook. Its deliveries are signed with the store's API key."""

    id: str
    url: str
    event_types: Many[str] = ()


LONGEST_ID = 255
"""Characters that the ledger's columns hold. Reveni's own ids are 32 hexadecimal digits."""


class WebhookEvent(Wire):
    """A hint that a return changed: what it became is read from Reveni, never from here.

    Only what is kept of an event is read: whatever else it says may be missing, or be anything.
    """

    id: str
    event: str
    resource: str | None = Field(None, validation_alias=AliasPath("data", "resource"))
    resource_id: str | None = Field(None, validation_alias=AliasPath("data", "resource_id"))

    @property
    def can_be_kept(self) -> bool:
        """Its ids are no longer than their columns, and hold nothing that PostgreSQL refuses (NUL, half a pair)."""
        words = [self.id, self.event, *([self.resource_id or ""] if self.resource == "return" else [])]
        return all(0 < len(word) <= LONGEST_ID and word.isascii() and word.isprintable() for word in words)
