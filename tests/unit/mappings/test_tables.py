from __future__ import annotations

import mappings
from mappings import SkuRow, Skus, illegal_refund_reasons, load

SHIPPED = load(mappings.FOLDER)


def test_a_mapped_reason_has_a_row_and_an_unmapped_one_has_none() -> None:
    row = SHIPPED.return_reasons.lookup("RETURN_PDNT_TOO_BIG")
    assert row is not None
    assert (row.reveni_return_reason, row.disposition, row.shipping_refund) == ("too_big", "restock", "none")
    assert SHIPPED.return_reasons.lookup("RETURN_NEVER_HEARD_OF") is None


def test_a_reject_reason_has_mirakls_word_for_it_or_none() -> None:
    assert SHIPPED.reject_reasons.lookup("defect") == "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT"
    assert SHIPPED.reject_reasons.lookup("boredom") is None


def test_the_shopper_pays_for_a_change_of_mind_and_the_seller_for_its_faults() -> None:
    policies = {row.mirakl_return_reason: row.shipping_refund for row in SHIPPED.return_reasons.rows}
    assert policies["RETURN_CHANGED_MIND"] == "none"
    assert policies["RETURN_DEFECTIVE_ON_ARRIVAL"] == "proportional"


def test_an_sku_in_the_table_has_three_names() -> None:
    skus = Skus((SkuRow(reveni_sku="R", mirakl_offer_sku="M", bigcommerce_sku="B"),), strict=True)
    assert (skus.to_mirakl("R"), skus.to_reveni("M"), skus.to_bigcommerce("M")) == ("M", "R", "B")
    assert skus.knows("M")
    assert not skus.knows("R")


def test_an_sku_without_a_bigcommerce_name_keeps_its_mirakl_one() -> None:
    skus = Skus((SkuRow(reveni_sku="R", mirakl_offer_sku="M"),), strict=True)
    assert skus.to_bigcommerce("M") == "M"


def test_an_sku_that_is_not_in_the_table_is_itself_unless_the_table_is_strict() -> None:
    assert [Skus().to_mirakl("X"), Skus().to_reveni("X"), Skus().to_bigcommerce("X")] == ["X", "X", "X"]
    strict = Skus(strict=True)
    assert [strict.to_mirakl("X"), strict.to_reveni("X"), strict.to_bigcommerce("X")] == [None, None, None]


def test_a_refund_reason_is_legal_where_mirakl_lets_a_shop_refund_with_it() -> None:
    assert illegal_refund_reasons(SHIPPED, {"17": ("REFUND", True), "34": ("CANCELATION", True)}) == []


def test_each_way_in_which_a_refund_reason_is_illegal_is_said() -> None:
    assert illegal_refund_reasons(SHIPPED, {}) == ["mirakl_refund_reason 17 is not among the reasons of Mirakl (RE01)"]
    assert illegal_refund_reasons(SHIPPED, {"17": ("CANCELATION", True)}) == [
        "mirakl_refund_reason 17 is of type CANCELATION, not REFUND (RE01)"
    ]
    assert illegal_refund_reasons(SHIPPED, {"17": ("REFUND", False)}) == [
        "mirakl_refund_reason 17 may not be given by a shop (RE01 is_shop_right)"
    ]
