"""BigCommerce's operations. Their names are ours; the quota is shared by every app of the store."""

from __future__ import annotations

from integration.http import Operation

_STORE = "/stores/{store_hash}/v3/inventory"
_CATALOG = "/stores/{store_hash}/v3/catalog"

BC_ITEMS = Operation("BC_ITEMS", "GET", f"{_STORE}/items", replay_safe=True, source="bigcommerce.md Find an item")
BC_RELATIVE = Operation(
    "BC_RELATIVE", "POST", f"{_STORE}/adjustments/relative", replay_safe=False, source="bigcommerce.md Adjust"
)
BC_ABSOLUTE = Operation(
    "BC_ABSOLUTE", "PUT", f"{_STORE}/adjustments/absolute", replay_safe=False, source="bigcommerce.md Adjust"
)
BC_VARIANTS = Operation(
    "BC_VARIANTS", "GET", f"{_CATALOG}/variants", replay_safe=True, source="bigcommerce.md Find an item"
)
