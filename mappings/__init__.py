"""What one system's code means in another: three CSV files that operations edit, and their readers."""

from __future__ import annotations

from pathlib import Path

from mappings.files import dump, load
from mappings.live import LiveMappings
from mappings.rows import Disposition, ReasonRow, RejectRow, ShippingRefund, SkuRow
from mappings.tables import Mappings, RejectReasons, ReturnReasons, Skus, illegal_refund_reasons

FOLDER = Path(__file__).parent
"""The mapping files that come with Backhaul."""

__all__ = [
    "FOLDER",
    "Disposition",
    "LiveMappings",
    "Mappings",
    "ReasonRow",
    "RejectReasons",
    "RejectRow",
    "ReturnReasons",
    "ShippingRefund",
    "SkuRow",
    "Skus",
    "dump",
    "illegal_refund_reasons",
    "load",
]
