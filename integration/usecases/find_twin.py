"""Whether Reveni holds the twin of a return already (W2): an earlier sending of ours, another ledger's, a person's."""

from __future__ import annotations

from integration.domain.returns import REVENI_ENDED_EARLY
from integration.errors import Held, Retryable
from integration.ledger.returns import twins_of_order
from integration.reveni.wire import ReveniReturn
from integration.usecases.ports import Ports


def find_twin(ports: Ports, *, return_id: str, order_id: str) -> ReveniReturn | None:
    """The Reveni return that carries our external id; None only where the order's whole list shows none.

    One that was canceled there counts where no other is left: a person cancels all but one of several.

    :raises Held: `twice_in_reveni`.
    :raises Retryable: the list cannot be read, or leaves out what is known to be there, and so proves nothing.
    """
    with ports.ledger.read() as tx:
        known = twins_of_order(tx, order_id)
    listed = ports.reveni.returns_of_order(order_id)
    missing = sorted(
        twin
        for twin, status in known.items()
        if status not in REVENI_ENDED_EARLY and twin not in {t.id for t in listed}
    )
    if missing:
        raise Retryable(f"W2 does not show {', '.join(missing)} of order {order_id}, so its list is not whole")
    ours = [twin for twin in listed if twin.external_id == return_id]
    alive = [twin for twin in ours if twin.status not in REVENI_ENDED_EARLY] or ours
    if len(alive) > 1:
        raise Held(
            "twice_in_reveni",
            f"Reveni holds {len(alive)} returns for {return_id}: cancel all but one there, then replay.",
            {"reveni_return_ids": [twin.id for twin in alive]},
        )
    return alive[0] if alive else None
