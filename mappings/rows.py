"""A row of each mapping file: its columns, in the file's order, and what may stand in them."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories of control, format, private and unassigned characters, and of ends of lines and paragraphs."""

Disposition = Literal["restock", "inspect", "quarantine"]
ShippingRefund = Literal["none", "proportional"]
NonCompliance = Literal[
    "RETURN_NON_COMPLIANT_MISSING_ITEM",
    "RETURN_NON_COMPLIANT_WRONG_PRODUCT",
    "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT",
    "RETURN_NON_COMPLIANT_WINDOW_CLOSED",
    "RETURN_NON_COMPLIANT_OTHER",
]


def invisible(text: str) -> str | None:
    """The first character of it that nobody sees, by its name; None where all can be seen."""
    for character in text:
        if unicodedata.category(character) in UNSEEN or (character.isspace() and character != " "):
            return unicodedata.name(character, f"U+{ord(character):04X}")
    return None


def _visible(cell: str) -> str:
    # A code with one of them looks like another, and matches nothing.
    if (name := invisible(cell)) is not None:
        raise PydanticCustomError("invisible", "holds a character that nobody sees: {name}", {"name": name})
    return cell


def _without_blanks(cell: str) -> str:
    # A code with a stray blank looks right in a spreadsheet and matches nothing.
    if cell != cell.strip():
        raise PydanticCustomError("blanks", "has blanks around it")
    return cell


def _filled(cell: str) -> str:
    if not cell:
        raise PydanticCustomError("empty", "is empty")
    return cell


MaybeCode = Annotated[str, AfterValidator(_without_blanks), AfterValidator(_visible)]
Code = Annotated[MaybeCode, AfterValidator(_filled)]


class Row(BaseModel):
    """Frozen; a column too many or too few is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReasonRow(Row):
    """What one of Mirakl's RETURN_* reasons means for Reveni, the warehouse and the refund.

    `mirakl_refund_reason` is a RE01 code of type REFUND; `location` is where the warehouse puts such units.
    """

    mirakl_return_reason: Code
    reveni_return_reason: Code
    disposition: Disposition
    mirakl_refund_reason: Code
    shipping_refund: ShippingRefund
    location: Code
    note: str = ""


class RejectRow(Row):
    """What one of Reveni's reject reasons is called when Mirakl hears that units are not compliant (RT26)."""

    reveni_reject_reason: Code
    mirakl_non_compliance_reason: NonCompliance


class SkuRow(Row):
    """One product by its three names; an empty `bigcommerce_sku` means that it is the Mirakl one."""

    reveni_sku: Code
    mirakl_offer_sku: Code
    bigcommerce_sku: MaybeCode = ""
