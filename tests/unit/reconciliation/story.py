"""A month of refunds on the sandbox, each with a fate of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration.domain.reconciliation import Reconciled
from integration.domain.settlement_report import SettlementReport
from integration.domain.settlement_scope import Month, Scope
from integration.ledger.refunds import Refund, refunds
from integration.ledger.reviews import reviews
from integration.sandbox import SandboxClient, SandboxOptions, start_sandbox
from integration.usecases.reconcile import reconcile
from tests.inline_fleet import InlineFleet, settings_for

FATES = ("matched", "amount", "commission", "gone")
"""Orders with a return, whose refunds are ours; `others` is one that was refunded in Mirakl's back office."""


@dataclass
class Story:
    """A fleet, its sandbox, and Mirakl's refund id of each fate."""

    fleet: InlineFleet
    sandbox: SandboxClient
    refund_ids: dict[str, str]

    def month(self) -> Month:
        with self.fleet.ports.ledger.read() as tx:
            return Month.named(f"{tx.now:%Y-%m}")

    def report(self, scope: Scope | None = None) -> SettlementReport:
        with self.fleet.ports.ledger.read() as tx:
            return reconcile(tx, scope or self.month())

    def refund(self, fate: str) -> Reconciled:
        return {found.refund.mirakl_refund_id: found for found in self.report().refunds}[self.refund_ids[fate]]

    def verdicts(self) -> dict[str, str]:
        return {fate: self.refund(fate).verdict for fate in self.refund_ids}

    def inbox(self) -> dict[str, tuple[str, str]]:
        """Reason and state of each review, by the fate of the refund that it is about."""
        fates = {refund_id: fate for fate, refund_id in self.refund_ids.items()}
        with self.fleet.ports.ledger.read() as tx:
            ours = {str(refund.row.id): fates[refund.row.mirakl_refund_id or ""] for refund in refunds(tx)}
            return {ours[review.subject]: (review.reason, review.state) for review in reviews(tx, state=None)}

    def change_fates(self) -> None:
        """What the operator does to each refund before the next billing cycle."""
        self.sandbox.alter_transaction(self.refund_ids["amount"], "REFUND_ORDER_AMOUNT", by="-1.00")
        self.sandbox.alter_transaction(self.refund_ids["commission"], "REFUND_COMMISSION_FEE", by="-0.70")
        self.sandbox.erase_refund(self.refund_ids["gone"])


@contextmanager
def a_story(folder: Path, database_url: str, *, tax_mode: str = "TAX_INCLUDED") -> Iterator[Story]:
    """One of two units refunded for each fate, 25.00 with its tax; nothing is in a billing cycle yet."""
    options = SandboxOptions(
        scale=0.001, ceilings=False, debit_delay=0, refund_delay=0, import_delay=0, tax_mode=tax_mode
    )
    with start_sandbox(options) as running:
        sandbox = running.client
        sandbox.seed_offers({"SKU-1": 5})
        fleet = InlineFleet(settings_for(sandbox.environment(), data_dir=folder, database_url=database_url))
        returns = {fate: _returned(sandbox, fate, tax_mode) for fate in FATES}
        _seed(sandbox, "others", tax_mode)
        fleet.until(lambda: set(returns.values()) <= sandbox.books()["reveni_returns"].keys())
        for fate, return_id in returns.items():
            sandbox.judge(return_id, f"{fate}-1", accepted=1)
        fleet.until(lambda: len(_confirmed(fleet)) == len(FATES))
        by_order = {refund.row.order_id: refund.row.mirakl_refund_id or "" for refund in _confirmed(fleet)}
        others = sandbox.refund_externally("others-1", amount="5.00")
        yield Story(fleet, sandbox, {**by_order, "others": others})
        fleet.close()


def _seed(sandbox: SandboxClient, order_id: str, tax_mode: str) -> None:
    net = tax_mode == "TAX_EXCLUDED"
    line = {
        "order_line_id": f"{order_id}-1",
        "sku": "SKU-1",
        "quantity": 2,
        "unit_price": "20.83" if net else "25.00",
        "taxes": [{"code": "VAT", "amount": "8.34"}],
    }
    sandbox.seed_order(order_id=order_id, state="RECEIVED", tax_mode=tax_mode, lines=[line])


def _returned(sandbox: SandboxClient, order_id: str, tax_mode: str) -> str:
    _seed(sandbox, order_id, tax_mode)
    units = [{"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": "RETURN_CHANGED_MIND"}]
    return sandbox.open_return(order_id, units)


def _confirmed(fleet: InlineFleet) -> list[Refund]:
    with fleet.ports.ledger.read() as tx:
        return [refund for refund in refunds(tx) if refund.state in ("confirmed", "refunded")]
