"""OF21 (read offers) and the stock imports STO01, STO02 and STO03: absolute, asynchronous, line by line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.paging import offset_page
from integration.sandbox.mirakl.records import Offer, StockImport
from integration.sandbox.mirakl.refusals import refusal

if TYPE_CHECKING:
    from integration.sandbox.world import World

COLUMNS = ["offer-sku", "quantity", "warehouse-code", "update-delete"]


def list_offers(world: World, call: Call) -> Answer:
    """OF21: `sku` is the shop's SKU, `product_id` the product's."""
    sku, product = call.one("sku"), call.one("product_id")
    found = [
        offer for offer in world.offers.values() if sku in (None, offer.sku) and product in (None, _product_sku(offer))
    ]
    return offset_page(call, found, "offers", lambda offer: _view(world, offer))


def import_stock(world: World, call: Call) -> Answer:
    """STO01: takes the file and looks into it later; a 201 proves nothing."""
    if "file" not in call.files:
        raise refusal(400, "The file is missing")
    text = call.files["file"].decode("utf-8-sig", errors="replace")
    stock_import = StockImport(world.number(), world.now(), _rows(text))
    world.imports[stock_import.import_id] = stock_import

    def run() -> None:
        stock_import.status = "RUNNING"
        world.later(world.options.import_delay, lambda: _apply(world, stock_import))

    world.later(world.options.import_delay, run)
    location = f"/api/offers/stock/imports/{stock_import.import_id}/status"
    return Answer(201, {"import_id": stock_import.import_id}, {"Location": location})


def stock_import_status(world: World, call: Call) -> Answer:
    """STO02: COMPLETE says nothing about the lines; the counts do."""
    stock_import = _import(world, call)
    over = stock_import.status in ("COMPLETE", "FAILED")
    done = stock_import.status == "COMPLETE" and world.import_status is None
    return Answer(
        body={
            "date_created": stock_import.created,
            "has_error_report": done and bool(stock_import.errors),
            "import_id": stock_import.import_id,
            "lines_in_error": len(stock_import.errors) if done else None,
            "lines_in_success": stock_import.lines_in_success if done else None,
            "shop_id": world.options.shop_id,
            "status": world.import_status if over and world.import_status else stock_import.status,
        }
    )


def stock_import_errors(world: World, call: Call) -> Answer:
    """STO03: line number, reason, then the original columns; only the lines that failed."""
    stock_import = _import(world, call)
    if not stock_import.errors:
        raise refusal(404, "There is no error report for this import")
    report = io.StringIO()
    writer = csv.writer(report, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["line-number", "error-reason", *COLUMNS])
    writer.writerows(stock_import.errors)
    return Answer(200, report.getvalue(), media_type="text/csv")


def _import(world: World, call: Call) -> StockImport:
    found = world.imports.get(call.path["import_id"])
    if found is None:
        raise refusal(404, "The import does not exist")
    return found


def _rows(text: str) -> list[dict[str, str]] | None:
    """The lines of the file, or None where it does not have the columns that STO01 asks for."""
    reader = csv.DictReader(io.StringIO(text), delimiter=";")
    if not {"offer-sku", "quantity"} <= set(reader.fieldnames or ()):
        return None
    return [{column: row.get(column) or "" for column in COLUMNS} for row in reader]


def _apply(world: World, stock_import: StockImport) -> None:
    if stock_import.rows is None:
        stock_import.status = "FAILED"
        return
    for number, row in enumerate(stock_import.rows, start=2):
        reason = _refusal_of(world, row)
        if reason is None:
            world.offers[row["offer-sku"]].quantity = int(row["quantity"])
            stock_import.lines_in_success += 1
        else:
            stock_import.errors.append([str(number), reason, *row.values()])
    stock_import.status = "COMPLETE"


def _refusal_of(world: World, row: dict[str, str]) -> str | None:
    """Why a line is refused, in words that may change at any time (mirakl.md 5.5); None where it is not."""
    offer = world.offers.get(row["offer-sku"])
    if offer is None:
        return "The offer does not exist"
    if not offer.live:
        return "The product is waiting for synchronization"
    if not row["quantity"].isdigit():
        return "The quantity must be a positive integer"
    if row["warehouse-code"]:
        return "The warehouse does not exist"
    if row["update-delete"].lower() not in ("", "update"):
        return "The value of update-delete is not allowed"
    return None


def _product_sku(offer: Offer) -> str:
    return f"P-{offer.sku}"


def _view(world: World, offer: Offer) -> dict[str, Any]:
    reasons = [] if offer.quantity else ["ZERO_QUANTITY"]
    if not offer.live:
        reasons.append("PRODUCT_STATUS_PENDING")
    return {
        "active": not reasons,
        "all_prices": [],
        "category_code": "WOMENSWEAR",
        "category_label": "Womenswear",
        "channels": [],
        "currency_iso_code": world.options.currency,
        "description": f"Article {offer.sku}",
        "fulfillment": {"center": {"code": "DEFAULT"}},
        "inactivity_reasons": reasons,
        "leadtime_to_ship": 2,
        "logistic_class": {"code": "STD", "label": "Standard"},
        "max_order_quantity": None,
        "min_order_quantity": None,
        "min_quantity_alert": None,
        "min_shipping_price": None,
        "min_shipping_price_additional": None,
        "min_shipping_type": None,
        "min_shipping_zone": None,
        "offer_id": offer.offer_id,
        "package_quantity": 1,
        "product_references": [],
        "product_sku": _product_sku(offer),
        "product_title": f"Article {offer.sku}",
        "quantity": offer.quantity,
        "shipping_deadline": None,
        "shop_sku": offer.sku,
        "state_code": "11",
    }
