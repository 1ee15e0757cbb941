"""Refund the units of one return line on Mirakl (OR28): computed from the Mirakl order, once, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from integration.domain.orders import Order, OrderLine, Waits
from integration.domain.refund_limits import require_within_limit
from integration.domain.refund_matching import answer_differences, candidates, in_figures
from integration.domain.refund_refusals import meaning_of
from integration.domain.refunds import Answered, Asked, Calculation, calculate
from integration.errors import Held, Rejected
from integration.ledger.refunds import known_mirakl_ids, refund_of_intent
from integration.ledger.returns import lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, RefundRow
from integration.usecases.acts import Act, AlreadyThere
from integration.usecases.advance_return import advance_its_return
from integration.usecases.external_refunds import attribute, note_external
from integration.usecases.ports import Ports
from integration.usecases.refund_case import Case, currency_of, read_case
from integration.usecases.refund_preconditions import (
    require_complete_refunds,
    require_not_refunded_elsewhere,
    require_open_return,
    require_units_left,
)
from integration.usecases.release_explained import release_explained
from integration.usecases.repeats import in_a_row
from integration.usecases.two_payers import nobody_else_pays, settled_of, words_of

MAX_REFUSALS = 20
"""Refusals in a row of one refund for what others do on its line, each followed by a fresh read, before a person is
asked."""

FOR_OTHERS = frozenset({"refund_in_progress", "refunded_meanwhile"})

FIRST_LOOK = 60.0
"""Seconds until a confirmed refund is first looked at on its way to REFUNDED."""


@dataclass(frozen=True)
class Ready:
    """A refund that is about to be sent. `baseline`: ids of the line's refunds that are there before this sending."""

    calculation: Calculation
    baseline: frozenset[str]
    mapping_version: str | None
    reveni: Facts


class PushRefund(Act[Ready, Answered]):
    """One order line per call, one refund of an order at a time (the intent's group): an outcome is never mixed."""

    kind: ClassVar[str] = "push_refund"
    queue: ClassVar[str] = "refund"
    review_kind: ClassVar[str] = "refund"
    alike: ClassVar[frozenset[str]] = FOR_OTHERS
    withheld_in_recovery: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Ready:
        case = read_case(ports, intent)
        require_open_return(case)
        require_units_left(case)
        nobody_else_pays(case.row, words=case.words)
        order = self._fresh_order(ports, case)
        line = _line(order, case.line.order_line_id)
        self._require_complete(ports, intent, case, line)
        if case.may_have_landed:
            self._found_meanwhile(line, case, intent)
        require_not_refunded_elsewhere(case, line)
        calculation = calculate(
            order,
            order_line_id=case.line.order_line_id,
            quantity=case.refund.quantity or 0,
            reason_code=case.line.refund_reason or "",
            shipping_refund="proportional" if case.line.shipping_refund == "proportional" else "none",
            ours=case.ours,
            fee_codes=ports.settings.refund_fee_codes,
            tax_rules=ports.reference.tax_rules() if _needs_rules(order, case.line.order_line_id) else {},
            currency=currency_of(case.row),
        )
        require_within_limit(
            calculation, before=case.committed, limits=ports.settings.refund_hold_above, approved=case.approved
        )
        reveni = {"refunds": case.row.reveni_refunds, "mode": case.row.reveni_mode}
        return Ready(calculation, frozenset(past.id for past in line.refunds), case.row.mapping_version, reveni)

    def look_again(self, tx: Tx, intent: Intent) -> None:
        """A verdict may have come in since: it locks the return, too, so that one of the two sees the other."""
        row = lock_return(tx, refund_of_intent(tx, intent.id).return_id or "")
        if row is not None:
            nobody_else_pays(row, words=words_of(tx, intent))

    def plan(self, intent: Intent, prepared: Ready) -> Facts:
        return {
            "calculation": prepared.calculation.model_dump(mode="json"),
            "baseline": sorted(prepared.baseline),
            "mapping_version": prepared.mapping_version,
            "reveni": prepared.reveni,
        }

    def send(self, ports: Ports, prepared: Ready) -> Answered:
        return ports.mirakl.refund(prepared.calculation.asked)

    def read_back(self, ports: Ports, intent: Intent) -> Answered | None:
        case = read_case(ports, intent)
        line = _line(self._fresh_order(ports, case), case.line.order_line_id)
        self._require_complete(ports, intent, case, line)
        return _match(line, case, intent)

    def read_before_repeat(self, ports: Ports, intent: Intent) -> Answered | None:
        """`prepare` looks by itself, in the very reading that the amount is computed from."""
        return None

    def evidence(self, intent: Intent, answer: Answered) -> Facts:
        return {"answered": answer.model_dump(mode="json")}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Answered) -> None:
        calculation = Calculation.model_validate(intent.plan["calculation"])
        refund = refund_of_intent(tx, intent.id)
        differences = [*answer_differences(calculation.asked, answer), *_of_another(tx, refund, answer.refund_id)]
        if differences:
            raise Held(
                "answer_differs",
                f"Mirakl answered for something else than was asked: {'; '.join(differences)}.",
                {
                    "asked": calculation.asked.model_dump(mode="json"),
                    "answered": answer.model_dump(mode="json"),
                },
            )
        attribute(tx, refund, answer.refund_id)
        refund.amount, refund.shipping_amount = calculation.asked.amount, calculation.asked.shipping_amount
        refund.currency = calculation.asked.currency
        refund.calculation = intent.plan["calculation"]
        refund.confirmed_at = tx.now
        refund.look_at = tx.now + timedelta(seconds=ports.settings.scaled(FIRST_LOOK))
        tx.session.flush()
        release_explained(tx, refund.order_id)
        settled_of(tx, refund)
        advance_its_return(ports, tx, refund)

    def refused(self, intent: Intent, rejected: Rejected) -> Held | Waits:
        means = meaning_of(rejected.message)
        refusals = 1 + in_a_row(intent.repeats, *FOR_OTHERS)
        if means.reason in FOR_OTHERS and refusals >= MAX_REFUSALS:
            means = Held("refund_rejected", f"Mirakl refused, {refusals} times in a row: {rejected.message}")
        return means

    def subject(self, intent: Intent) -> str:
        return str(intent.id)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        shown = dict(held.evidence)
        calculation = shown.pop("calculation", None)
        if calculation is not None:  # worked out, and not sent: `refunds explain` shows it
            refund_of_intent(tx, intent.id).calculation = calculation
        super().hold(tx, intent, Held(held.reason, held.detail, shown))
        settled_of(tx, refund_of_intent(tx, intent.id))

    def _fresh_order(self, ports: Ports, case: Case) -> Order:
        found = ports.mirakl.orders([case.row.order_id])
        if not found:
            raise Held("order_not_on_mirakl", f"OR11 does not show order {case.row.order_id} to this key.")
        note_external(ports.ledger, found[0])
        return found[0]

    def _require_complete(self, ports: Ports, intent: Intent, case: Case, line: OrderLine) -> None:
        known = intent.plan.get("baseline", ()) if case.may_have_landed else ()
        require_complete_refunds(ports, intent, line, expected=frozenset(known))

    def _found_meanwhile(self, line: OrderLine, case: Case, intent: Intent) -> None:
        found = _match(line, case, intent)
        if found is not None:
            raise AlreadyThere(found)


def _match(line: OrderLine, case: Case, intent: Intent) -> Answered | None:
    """The one refund on Mirakl that our last sending made, as an answer; None when there is none.

    :raises Held: `ambiguous_refund` when there are several.
    """
    asked = Calculation.model_validate(intent.plan["calculation"]).asked
    found = candidates(
        line,
        asked,
        baseline=frozenset(intent.plan["baseline"]) | case.others,
        attributed=case.attributed,
        since=case.refund.created_at,
    )
    if len(found) > 1:
        raise Held(
            "ambiguous_refund",
            f"{len(found)} refunds on Mirakl could each be this one ({'; '.join(map(in_figures, found))}): "
            "say which it is.",
            {"asked": asked.model_dump(mode="json"), "candidates": [past.model_dump(mode="json") for past in found]},
        )
    return _as_answered(asked, found[0].id) if found else None


def _of_another(tx: Tx, refund: RefundRow, mirakl_refund_id: str) -> list[str]:
    """A difference where Mirakl answers with the id of another refund of ours: each is one promise's at the most."""
    known = known_mirakl_ids(tx, [mirakl_refund_id]).get(mirakl_refund_id)
    if known is None or known.intent_id in {None, refund.intent_id}:
        return []
    return [f"refund_id: {mirakl_refund_id} is what refund {known.id} was answered with"]


def _as_answered(asked: Asked, refund_id: str) -> Answered:
    """A refund that was matched on every figure, in the form of the answer that got lost."""
    return Answered(refund_id=refund_id, **asked.model_dump(exclude={"order_tax_mode"}))


def _line(order: Order, order_line_id: str) -> OrderLine:
    line = order.line(order_line_id)
    if line is None:
        raise Held("order_line_not_in_order", f"Order {order.order_id} has no line {order_line_id}.")
    return line


def _needs_rules(order: Order, order_line_id: str) -> bool:
    line = order.line(order_line_id)
    return line is not None and any(tax.calculation_rule is None for tax in (*line.taxes, *line.shipping_taxes))
