"""RT11: read the shop's returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.paging import seek, seek_page
from integration.sandbox.mirakl.records import MiraklReturn
from integration.sandbox.mirakl.refusals import date_of

if TYPE_CHECKING:
    from integration.sandbox.world import World


def list_returns(world: World, call: Call) -> Answer:
    """RT11: seek pages in order of creation, filters as repeated parameters."""
    question, start = seek(call)
    found = sorted(
        (each for each in world.returns.values() if _matches(question, each)),
        key=lambda each: (each.created, each.id),
    )
    return seek_page(question, start, found, _view)


def _matches(call: Call, each: MiraklReturn) -> bool:
    values = {
        "return_id": {each.id},
        "return_state": {each.state},
        "order_commercial_id": {each.order.commercial_id},
        "order_line_id": {line.order_line_id for line in each.lines},
    }
    if any(call.many(name) and not held & set(call.many(name)) for name, held in values.items()):
        return False
    for name, at in (("return_creation_date", each.created), ("return_last_updated", each.updated)):
        since, until = date_of(call, f"{name}_from"), date_of(call, f"{name}_to")
        if (since is not None and at < since) or (until is not None and at > until):
            return False
    return True


def _view(each: MiraklReturn) -> dict[str, Any]:
    return {
        "date_created": each.created,
        "description": None,
        "documents": [],
        "id": each.id,
        "label_url": None,
        "last_updated": each.updated,
        "method_code": "RETURN_METHOD_BY_MAIL",
        "order_commercial_id": each.order.commercial_id,
        "order_id": each.order.order_id,
        "reason_code": each.reason_code,
        "rejection_reason_code": each.rejection_reason_code,
        "return_address": {
            "city": "Barnsley",
            "country_iso_code": "GBR",
            "state": None,
            "street1": "1 Warehouse Way",
            "street2": None,
            "zip_code": "S72 7BX",
        },
        "return_lines": [
            {
                "compliance": line.compliance,
                "order_line_id": line.order_line_id,
                "quantity": line.quantity,
                "reason_code": line.reason_code,
            }
            for line in each.lines
        ],
        "rma": None,
        "state": each.state,
        # Real answers spell these two in camel case, whatever the schema says (mirakl.md, schema caveats).
        "tracking": {"carrierCode": "RM", "carrierName": "Royal Mail", "tracking_number": each.tracking_number},
    }
