"""What one sandbox is like: its keys, its shop, and how fast its clocks run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class SandboxOptions:
    """Fixed when the sandbox starts; what may change while it runs is set through the control API.

    Delays and ceilings are in seconds of the real services and are multiplied by `scale`. A delay of 0 means
    at once, None means never by itself.
    """

    mirakl_key: str = "sandbox-mirakl-key"
    shop_id: int = 2000
    currency: str = "GBP"
    # OR28 asks for a currency where the shop's differs from this one (mirakl.md 3.1).
    platform_currency: str = "GBP"
    tax_mode: str = "TAX_INCLUDED"
    partial_acceptance: bool = False
    addresses_before_acceptance: bool = False
    # `sparse` leaves out what real answers leave out though the schema requires it, `verbose` adds what the
    # schema does not know (mirakl.md, schema caveats).
    dialect: str = "plain"
    commission_rate: Decimal = Decimal("0.20")
    commission_tax_rate: Decimal = Decimal("0.20")

    reveni_store_id: str = "sandbox-store"
    reveni_key: str = "sandbox-reveni-key"
    # Reveni W4: some accounts never fill restocked_quantity; it is then absent, which is not the same as 0.
    reveni_fills_restocked_quantity: bool = False

    bigcommerce_store_hash: str = "sandboxhash"
    bigcommerce_token: str = "sandbox-bigcommerce-key"  # noqa: S105 (opens nothing but this sandbox)
    bigcommerce_location_id: int = 1
    bigcommerce_quota: int = 450
    # With less on hand than the safety stock, `available_to_sell` may stop at 0 or go below (bigcommerce.md).
    bigcommerce_below_zero: bool = False

    scale: float = 1.0
    ceilings: bool = True
    debit_delay: float | None = 20.0
    refund_delay: float | None = 60.0
    import_delay: float = 5.0
    adjustment_delay: float = 2.0
    auto_refusal_delay: float | None = None
    update_date_delta: float = 60.0
    fault_seed: int = 0

    def environment(self, url: str, *, bigcommerce: bool = False) -> dict[str, str]:
        """The settings that point a fleet at a sandbox which answers at `url`."""
        variables = {
            "MIRAKL_BASE_URL": url,
            "MIRAKL_API_KEY": self.mirakl_key,
            "REVENI_BASE_URL": f"{url}/merchants/v0",
            "REVENI_STORE_ID": self.reveni_store_id,
            "REVENI_API_KEY": self.reveni_key,
            "CALL_INTERVAL_SCALE": str(self.scale),
        }
        if bigcommerce:
            variables |= {
                "BIGCOMMERCE_BASE_URL": url,
                "BIGCOMMERCE_STORE_HASH": self.bigcommerce_store_hash,
                "BIGCOMMERCE_TOKEN": self.bigcommerce_token,
                "BIGCOMMERCE_LOCATION_ID": str(self.bigcommerce_location_id),
            }
        return variables
