"""A month or a cycle put together: its refunds, what each verdict sums to, what to accrue, what was paid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integration.domain.reconciliation import VERDICTS, ZERO, Reconciled, Verdict
from integration.domain.settlement import TO_CUSTOMER, AccountLine, Payout
from integration.domain.settlement_scope import Month, Scope


@dataclass(frozen=True)
class Total:
    """The refunds of one verdict and currency."""

    verdict: Verdict
    currency: str
    count: int
    refunded: Decimal
    settled: Decimal


@dataclass(frozen=True)
class CommissionBack:
    """The commission of one currency that was given back, over the refunds in which it can be judged.

    :param differing: refunds in which it is off by more than one minor unit, whatever their verdict.
    """

    currency: str
    refunds: int
    expected: Decimal
    given_back: Decimal
    differing: int


@dataclass(frozen=True)
class Accrual:
    """What was refunded before a moment and in no billing cycle by then.

    :param commission: what is to come back of Mirakl's commission on it, where that can be told.
    """

    currency: str
    count: int
    refunded: Decimal
    commission: Decimal


@dataclass(frozen=True)
class Document:
    """An accounting document (IV01) of a billing cycle."""

    id: str
    cycle_id: str
    type: str | None
    currency: str | None
    including_taxes: Decimal | None
    payment_state: str | None
    payment_reference: str | None


@dataclass(frozen=True)
class SettlementReport:
    """What `backhaul reconcile` tells.

    :param considered: the refunds made or settled in the scope, or open at its end.
    :param payouts: the cycles made in the scope; `references` has the bank's reference of each cycle that is paid.
    :param account_read_until: up to when the account is known completely; None before it was ever read to its end.
    """

    scope: Scope
    considered: tuple[Reconciled, ...]
    payouts: tuple[Payout, ...]
    documents: tuple[Document, ...]
    references: dict[str, str]
    account_read_until: datetime | None

    @property
    def refunds(self) -> tuple[Reconciled, ...]:
        """The refunds that the scope is about, the worst first, then as they were made."""
        return tuple(sorted(filter(self.scope.holds, self.considered), key=_rank))

    def payout_reference(self, refund: Reconciled) -> str | None:
        """Of the newest cycle that the refund is in."""
        return self.references.get(refund.cycle_ids[-1]) if refund.cycle_ids else None


def totals(refunds: Iterable[Reconciled]) -> list[Total]:
    """Every verdict that occurs, by currency: together they are all of the refunds."""
    groups: dict[tuple[str, Verdict], list[Reconciled]] = {}
    for refund in refunds:
        groups.setdefault((refund.refund.currency, refund.verdict), []).append(refund)
    return [
        Total(
            verdict=verdict,
            currency=currency,
            count=len(group),
            refunded=sum((refund.refunded for refund in group), ZERO),
            settled=sum((refund.settled for refund in group), ZERO),
        )
        for (currency, verdict), group in sorted(groups.items(), key=lambda item: (item[0][0], _ORDER[item[0][1]]))
    ]


def commission_back(refunds: Iterable[Reconciled]) -> list[CommissionBack]:
    """Expected and given back, of the refunds that are judged: all of whose lines are in a cycle."""
    groups: dict[str, list[tuple[Decimal, Decimal, bool]]] = {}
    for refund in refunds:
        figure = refund.figure("commission")
        judged = bool(refund.lines) and refund.verdict != "not_yet_in_a_cycle"
        if judged and figure is not None and figure.expected is not None:
            groups.setdefault(refund.refund.currency, []).append((figure.expected, figure.booked, figure.differs))
    return [
        CommissionBack(
            currency=currency,
            refunds=len(group),
            expected=sum((expected for expected, _, _ in group), ZERO),
            given_back=sum((given for _, given, _ in group), ZERO),
            differing=sum(differs for _, _, differs in group),
        )
        for currency, group in sorted(groups.items())
    ]


def accruals(report: SettlementReport) -> list[Accrual]:
    """What is to be accrued at the end of the month, as of then, whenever it is asked; nothing for a cycle."""
    if not isinstance(report.scope, Month):
        return []
    groups: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for refund in report.considered:
        open_then = open_at(refund, report.scope.end)
        if open_then is not None:
            groups.setdefault(refund.refund.currency, []).append(open_then)
    return [
        Accrual(
            currency=currency,
            count=len(group),
            refunded=sum((refunded for refunded, _ in group), ZERO),
            commission=sum((commission for _, commission in group), ZERO),
        )
        for currency, group in sorted(groups.items())
    ]


def open_at(refund: Reconciled, moment: datetime) -> tuple[Decimal, Decimal] | None:
    """What of a refund was made before the moment and in no cycle by then: to the customer, and commission back.

    A refund that Mirakl does not know is no accrual: nothing will be settled.
    """
    if refund.made_at >= moment or refund.verdict == "ours_but_not_on_mirakl":
        return None
    if not refund.lines:
        commission = refund.figure("commission")
        return refund.refunded, (commission.expected if commission else None) or ZERO
    late = [line for line in refund.lines if line.currency == refund.refund.currency and not line.billed_before(moment)]
    if not late:
        return None
    to_customer = [line for line in late if line.kind.bucket in TO_CUSTOMER]
    return ZERO - _sum(to_customer), _sum([line for line in late if line.kind.bucket == "commission"])


_ORDER = {verdict: place for place, verdict in enumerate(VERDICTS)}


def _rank(refund: Reconciled) -> tuple[int, datetime, str, str]:
    known = refund.refund
    return _ORDER[refund.verdict], refund.made_at, known.mirakl_refund_id or "", known.refund_id or ""


def _sum(lines: Sequence[AccountLine]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)
