"""Whether a refund is what its evidence comes to: worked out again from the evidence alone, and compared."""

from __future__ import annotations

from integration.domain.facts import Amount, Fact
from integration.domain.orders import Waits
from integration.domain.refund_matching import answer_differences
from integration.domain.refunds import Answered, Asked, Calculation
from integration.errors import Held


class Recorded(Fact):
    """What the ledger says was refunded, in `currency`."""

    amount: Amount | None
    shipping_amount: Amount | None
    currency: str | None


def contradictions(calculation: Calculation, *, answered: Answered | None, recorded: Recorded | None) -> list[str]:
    """In what the evidence of a refund contradicts itself or the ledger, a sentence for each; empty where it agrees.

    :param calculation: as it was written down before the call, with the request that was sent.
    :param answered: OR28's answer; None where none came, or where the refund was found by reading.
    :param recorded: None where nothing is recorded as refunded, or where a person said which refund it is.
    """
    try:
        anew = calculation.recompute()
    except (Held, Waits, ValueError) as refusal:  # evidence that was edited may hold anything
        return [f"worked out again from the evidence it comes to nothing: {refusal}"]
    found = [
        f"{field}: {getattr(anew.asked, field)} by the evidence, {getattr(calculation.asked, field)} was asked for"
        for field in Asked.model_fields
        if getattr(anew.asked, field) != getattr(calculation.asked, field)
    ]
    if not found and anew != calculation:
        found = ["the shares, or the commission expected back, are not those that the evidence comes to"]
    if answered is not None:
        found += answer_differences(anew.asked, answered)
    if recorded is not None:
        found += [
            f"{field}: {getattr(anew.asked, field)} by the evidence, {getattr(recorded, field)} is recorded"
            for field in Recorded.model_fields
            if getattr(anew.asked, field) != getattr(recorded, field)
        ]
    return found
