"""Whether a refund on Mirakl is the one asked for: by OR28's answer, or by OR11 where none came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from integration.domain.orders import OrderLine, PastRefund
from integration.domain.refunds import Answered, Asked, CodeAmount
from integration.errors import Held

# Mirakl's clock and ours may differ by this much; refunds known before the call are left out by their ids
# anyway.
CLOCK_TOLERANCE = timedelta(minutes=5)


def candidates(
    line: OrderLine, asked: Asked, *, baseline: frozenset[str], attributed: frozenset[str], since: datetime
) -> list[PastRefund]:
    """The refunds of the line that may be what a call with an unknown outcome has done.

    What a refund of Mirakl does not say (quantity is informative only) cannot rule it out: taking it for
    absent would send the money twice. Its amount it must say.

    :param baseline: ids of the line's refunds that were there before the call.
    :param attributed: ids of refunds that are known to be those of other calls.
    :param since: when the refund was decided, in UTC: no call of ours was made before.
    :raises Held: `refund_without_amount` where a refund came up that names none; `ambiguous_refund` where one is
        equal in every figure and came up since, but was made long before, as Mirakl says. One of the two clocks is
        wrong then, and what rests on a wrong clock must not send money twice.
    """
    fresh = [refund for refund in line.refunds if refund.id not in baseline | attributed]
    nameless = [refund.id for refund in fresh if refund.amount is None]
    if nameless:
        raise Held(
            "refund_without_amount",
            f"Line {line.order_line_id}: Mirakl does not say the amount of refund {', '.join(nameless)}.",
        )
    equal = [refund for refund in fresh if _is_equal(refund, asked)]
    early = [refund for refund in equal if refund.created_date and refund.created_date < since - CLOCK_TOLERANCE]
    if early:
        raise Held(
            "ambiguous_refund",
            f"This refund was decided at {since:%Y-%m-%d %H:%M:%S} UTC, and what came up on Mirakl since is older "
            f"({'; '.join(map(in_figures, early))}): compare the clocks, and say which it is.",
            {
                "asked": asked.model_dump(mode="json"),
                "candidates": [refund.model_dump(mode="json") for refund in equal],
            },
        )
    return equal


def in_figures(refund: PastRefund) -> str:
    """A refund on Mirakl, for whoever has to tell it from another one."""
    made = "" if refund.created_date is None else f", made {refund.created_date:%Y-%m-%d %H:%M:%S} UTC"
    units = "unknown" if refund.quantity is None else refund.quantity
    return (
        f"refund {refund.id}: {refund.amount} and shipping {refund.shipping_amount} for {units} units,"
        f" reason {refund.reason_code}, {refund.state}{made}"
    )


def answer_differences(asked: Asked, answered: Answered) -> list[str]:
    """In what OR28's answer differs from what was asked, a sentence for each; empty where it answers for
    it all.

    Taxes that were not asked for are Mirakl's own (PROPORTIONAL_TO_AMOUNT) and no difference; currency and
    quantity may be left out of an answer.
    """
    pairs = [
        ("order_line_id", asked.order_line_id, answered.order_line_id),
        ("amount", asked.amount, answered.amount),
        ("shipping_amount", asked.shipping_amount, answered.shipping_amount),
        ("reason_code", asked.reason_code, answered.reason_code),
        ("currency", asked.currency, asked.currency if answered.currency is None else answered.currency),
        ("quantity", asked.quantity, asked.quantity if answered.quantity is None else answered.quantity),
    ]
    return [
        *(f"{what}: asked for {ours}, answered for {theirs}" for what, ours, theirs in pairs if ours != theirs),
        *_missing("tax", asked.taxes, answered.taxes),
        *_missing("shipping tax", asked.shipping_taxes, answered.shipping_taxes),
        *_missing("fee", asked.fees, answered.fees),
        *_not_asked_for("fee", asked.fees, answered.fees),
    ]


def _is_equal(refund: PastRefund, asked: Asked) -> bool:
    return (
        refund.amount == asked.amount
        and refund.shipping_amount in {None, asked.shipping_amount}
        and refund.reason_code in {None, asked.reason_code}
        and refund.quantity in {None, asked.quantity}
    )


def _missing(kind: str, asked: Sequence[CodeAmount], answered: Sequence[CodeAmount]) -> list[str]:
    sentences = []
    for part in asked:
        theirs = [other.amount for other in answered if other.code == part.code]
        if theirs != [part.amount]:
            said = " and ".join(map(str, theirs)) or "none"
            sentences.append(f"{kind} {part.code}: asked for {part.amount}, answered for {said}")
    return sentences


def _not_asked_for(kind: str, asked: Sequence[CodeAmount], answered: Sequence[CodeAmount]) -> list[str]:
    codes = {part.code for part in asked}
    return [
        f"{kind} {part.code}: not asked for, answered for {part.amount}"
        for part in answered
        if part.code not in codes and part.amount
    ]
