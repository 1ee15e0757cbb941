"""The three mapping tables as frozen values. What has no row is None: there is no default reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mappings.rows import NonCompliance, ReasonRow, RejectRow, SkuRow


@dataclass(frozen=True)
class ReturnReasons:
    """`return_reasons.csv`, in the order of its rows."""

    rows: tuple[ReasonRow, ...] = ()

    def lookup(self, mirakl_return_reason: str) -> ReasonRow | None:
        """The row of that reason, or None where it is not mapped."""
        return self._by_reason.get(mirakl_return_reason)

    @cached_property
    def _by_reason(self) -> dict[str, ReasonRow]:
        return {row.mirakl_return_reason: row for row in self.rows}


@dataclass(frozen=True)
class RejectReasons:
    """`reject_reasons.csv`, in the order of its rows."""

    rows: tuple[RejectRow, ...] = ()

    def lookup(self, reveni_reject_reason: str) -> NonCompliance | None:
        """The RETURN_NON_COMPLIANT_* code of that reason, or None where it is not mapped."""
        found = (row for row in self.rows if row.reveni_reject_reason == reveni_reject_reason)
        return next((row.mirakl_non_compliance_reason for row in found), None)


@dataclass(frozen=True)
class Skus:
    """`skus.csv`. An SKU that is not in it stands for itself, or, where `strict`, for nothing (None)."""

    rows: tuple[SkuRow, ...] = ()
    strict: bool = False

    def to_mirakl(self, reveni_sku: str) -> str | None:
        """The Mirakl offer SKU of what Reveni calls `reveni_sku`."""
        row = self._by_reveni.get(reveni_sku)
        return row.mirakl_offer_sku if row else self._itself(reveni_sku)

    def to_reveni(self, mirakl_sku: str) -> str | None:
        """What Reveni calls the product of that Mirakl offer SKU."""
        row = self._by_mirakl.get(mirakl_sku)
        return row.reveni_sku if row else self._itself(mirakl_sku)

    def to_bigcommerce(self, mirakl_sku: str) -> str | None:
        """What BigCommerce calls the product of that Mirakl offer SKU."""
        row = self._by_mirakl.get(mirakl_sku)
        return (row.bigcommerce_sku or mirakl_sku) if row else self._itself(mirakl_sku)

    def knows(self, mirakl_sku: str) -> bool:
        """Whether the file has a row for that Mirakl offer SKU."""
        return mirakl_sku in self._by_mirakl

    @cached_property
    def _by_reveni(self) -> dict[str, SkuRow]:
        return {row.reveni_sku: row for row in self.rows}

    @cached_property
    def _by_mirakl(self) -> dict[str, SkuRow]:
        return {row.mirakl_offer_sku: row for row in self.rows}

    def _itself(self, sku: str) -> str | None:
        return None if self.strict else sku


@dataclass(frozen=True)
class Mappings:
    """The three tables as they stood together; `version` names that state and goes into evidence."""

    return_reasons: ReturnReasons
    reject_reasons: RejectReasons
    skus: Skus
    version: str


def illegal_refund_reasons(mappings: Mappings, refund_reasons: Mapping[str, tuple[str, bool]]) -> list[str]:
    """The mapped refund reasons with which Mirakl would refuse a refund of ours, a sentence for each.

    :param refund_reasons: RE01's codes, each with its type and its `is_shop_right`.
    """
    problems = []
    for code in sorted({row.mirakl_refund_reason for row in mappings.return_reasons.rows}):
        kind, is_shop_right = refund_reasons.get(code, (None, False))
        if kind is None:
            problems.append(f"mirakl_refund_reason {code} is not among the reasons of Mirakl (RE01)")
        elif kind != "REFUND":
            problems.append(f"mirakl_refund_reason {code} is of type {kind}, not REFUND (RE01)")
        elif not is_shop_right:
            problems.append(f"mirakl_refund_reason {code} may not be given by a shop (RE01 is_shop_right)")
    return problems
