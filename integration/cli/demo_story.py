"""The story of the demo, and the numbers it has to come to."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.table import Table

from integration.cli.demo_stage import Stage
from integration.ledger.orders import orders
from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import returns
from integration.ledger.reviews import reviews
from integration.ledger.stock import movements
from integration.wiring import make_reveni
from mappings import FOLDER

HALTED_REASON = "RETURN_DEFECTIVE_ITEM"

COAT, DRESS, BOOTS = "COAT-NAVY-M", "DRESS-RED-S", "BOOTS-TAN-39"
LINES = {
    # One unit at 89.00, sent back since it does not fit: the goods are refunded, the shipping is not.
    COAT: {"quantity": 1, "unit_price": "89.00", "shipping_price": "4.99"},
    # Two units at 34.99; the description was wrong, so each takes its share of the shipping along.
    DRESS: {"quantity": 2, "unit_price": "34.99", "shipping_price": "4.99"},
    BOOTS: {"quantity": 1, "unit_price": "120.00", "shipping_price": "0.00"},
}
REASONS = {COAT: "RETURN_PDNT_TOO_SMALL", DRESS: "RETURN_INACCURATE_ITEM_DESCRIPTION", BOOTS: HALTED_REASON}
STOCK_BEFORE = {COAT: 0, DRESS: 3, BOOTS: 1}
STOCK_AFTER = {COAT: 1, DRESS: 4, BOOTS: 1}
REFUNDED = {COAT: (Decimal("89.00"), Decimal("0.00")), DRESS: (Decimal("34.99"), Decimal("2.50"))}
ORDERS = 25


def tell(stage: Stage) -> bool:
    """Play all chapters; whether every number is what the sandbox's books say."""
    make_reveni(stage.settings).register_webhook(f"http://127.0.0.1:{stage.settings.web_port}/webhooks/reveni")
    bought = _orders(stage)
    sent_back = _parcels(stage, bought)
    _halted(stage, sent_back[BOOTS])
    _verdicts(stage, bought, sent_back)
    _money(stage)
    _stock(stage)
    stage.wait(
        "Returns are closed on Mirakl", 3, lambda: min(_on_mirakl(stage, sent_back, "CLOSED"), stage.read(_closed))
    )
    return _summary(stage, bought, sent_back)


def _orders(stage: Stage) -> dict[str, str]:
    stage.chapter(1, "Orders", "25 new orders wait for acceptance; Mirakl refuses what nobody accepts in time.")
    stage.sandbox.seed_offers(STOCK_BEFORE)
    bought = {sku: stage.sandbox.seed_order(lines=[{"sku": sku, **line}]) for sku, line in LINES.items()}
    stage.sandbox.seed_orders(ORDERS - len(bought))
    stage.wait(
        "Orders are acknowledged (OR21)",
        ORDERS,
        lambda: stage.read(lambda tx: len(orders(tx, state="acknowledged"))),
    )
    return bought


def _parcels(stage: Stage, bought: dict[str, str]) -> dict[str, str]:
    stage.chapter(2, "Parcels come back", "Three shoppers send something back. Two reasons are mapped, one is not.")
    for order_id in bought.values():
        stage.sandbox.receive(order_id)
    sent_back = {}
    for sku, order_id in bought.items():
        line = {"order_line_id": f"{order_id}-1", "quantity": LINES[sku]["quantity"], "reason_code": REASONS[sku]}
        sent_back[sku] = stage.sandbox.open_return(order_id, [line])
    stage.wait("Mapped returns are in Reveni (W1)", 2, lambda: stage.read(_in_reveni))
    stage.wait("The unmapped one is held", 1, lambda: len(stage.read(reviews)))
    return sent_back


def _halted(stage: Stage, return_id: str) -> None:
    stage.chapter(3, "The review inbox", "Nothing of a return with an unmapped reason reaches Reveni.")
    stage.command("review", "list")
    stage.say(f"[dim]…a person adds the row for {HALTED_REASON} to return_reasons.csv; no restart…[/dim]")
    _add_the_missing_row(stage.settings.mappings_dir)
    stage.command("replay", "return", return_id, "--apply")
    stage.wait("The third return is in Reveni as well", 3, lambda: stage.read(_in_reveni))


def _verdicts(stage: Stage, bought: dict[str, str], sent_back: dict[str, str]) -> None:
    stage.chapter(4, "The warehouse judges", "One accepted, one half accepted, one damaged; Reveni's webhooks tell.")
    stage.sandbox.judge(sent_back[COAT], f"{bought[COAT]}-1", accepted=1)
    stage.sandbox.judge(sent_back[DRESS], f"{bought[DRESS]}-1", accepted=1, rejected=1, reject_reason="change_of_mind")
    stage.sandbox.judge(sent_back[BOOTS], f"{bought[BOOTS]}-1", rejected=1, reject_reason="defect")


def _money(stage: Stage) -> None:
    stage.chapter(5, "Refunds", "Computed from the Mirakl order, claimed, sent once (OR28), followed until paid.")
    stage.wait("Refunds are paid (REFUNDED)", len(REFUNDED), lambda: len(_paid(stage)))
    dress = next(refund for refund in _paid(stage) if refund.row.shipping_amount)
    stage.command("refunds", "explain", str(dress.row.id))


def _stock(stage: Stage) -> None:
    stage.chapter(
        6, "Back on sale", "What is sellable goes to Mirakl at once (STO01); damaged goods stay where they are."
    )
    stage.wait("Units are back on sale", 2, lambda: stage.read(lambda tx: len(movements(tx, states=["done"]))))


def _summary(stage: Stage, bought: dict[str, str], sent_back: dict[str, str]) -> bool:
    books = stage.sandbox.books()
    ours = {refund.row.order_id: (refund.row.amount, refund.row.shipping_amount) for refund in _paid(stage)}
    rows: list[tuple[str, Any, Any]] = [
        ("orders acknowledged", stage.read(lambda tx: len(orders(tx, state="acknowledged"))), ORDERS),
        ("accepts in effect on Mirakl", sum(one["effective"] for one in books["accepts"].values()), ORDERS),
        ("returns in Reveni, one each", stage.read(_in_reveni), sum(map(len, books["reveni_returns"].values()))),
        ("returns closed on Mirakl", stage.read(_closed), _on_mirakl(stage, sent_back, "CLOSED")),
        ("cases that wait for a person", len(stage.read(reviews)), 0),
        ("ceilings broken", sum(books["ceiling_violations"].values()), 0),
        ("illegal steps of a return", books["illegal_return_steps"], 0),
    ]
    for sku, (amount, shipping) in REFUNDED.items():
        order_id = bought[sku]
        made = [(one["amount"], one["shipping_amount"]) for one in books["refunds"].get(f"{order_id}-1", [])]
        rows.append((f"refund of {sku} (GBP)", _sum(ours.get(order_id)), _once(made, (amount, shipping))))
    rows.append((f"refund of {BOOTS} (GBP)", len(books["refunds"].get(f"{bought[BOOTS]}-1", [])), 0))
    rows += [(f"{sku} on sale", books["stock"].get(sku), level) for sku, level in STOCK_AFTER.items()]
    table = Table(title="What Backhaul says, and what the sandbox's own books say", title_justify="left")
    for name in ("figure", "Backhaul", "must be", ""):
        table.add_column(name, justify="left" if name == "figure" else "right")
    right = True
    for name, found, expected in rows:
        same = str(found) == str(expected)
        right = right and same
        table.add_row(name, str(found), str(expected), "[green]✓[/green]" if same else "[red]✗[/red]")
    stage.console.print()
    stage.console.print(table)
    return right


def _add_the_missing_row(folder: Path) -> None:
    shipped = (FOLDER / "return_reasons.csv").read_text().splitlines(keepends=True)
    row = next(line for line in shipped if line.startswith(f"{HALTED_REASON},"))
    with (folder / "return_reasons.csv").open("a") as table:
        table.write(row)


def _in_reveni(tx: Any) -> int:
    return sum(one.reveni_return_id is not None for one in returns(tx))


def _closed(tx: Any) -> int:
    return sum(one.state == "closed" for one in returns(tx))


def _on_mirakl(stage: Stage, sent_back: dict[str, str], state: str) -> int:
    known = stage.sandbox.books()["returns"]
    return sum(known.get(return_id) == state for return_id in sent_back.values())


def _paid(stage: Stage) -> list[Refund]:
    return [refund for refund in stage.read(refunds) if refund.state == "refunded"]


def _sum(parts: tuple[Decimal | None, Decimal | None] | None) -> str:
    return "none" if parts is None else f"{parts[0]} + {parts[1]}"


def _once(made: list[tuple[Decimal, Decimal]], expected: tuple[Decimal, Decimal]) -> str:
    """The one refund in the sandbox's books, if it is what it must be."""
    return _sum(expected) if made == [expected] else f"{made}, must be {_sum(expected)} once"
