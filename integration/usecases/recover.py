"""End a recovery: what the world knows and the ledger does not is taken over, or held for a person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from integration.errors import Held
from integration.high_water import HighWaterMark, MarkUnavailable
from integration.ledger import intents
from integration.ledger.refunds import get_refund
from integration.ledger.reviews import resolve
from integration.ledger.standing import (
    FIRST_LOOK,
    NORMAL,
    in_flight,
    leave_recovery,
    mark_of,
    open_of_kinds,
    standing,
)
from integration.ledger.stock import movements
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, StandingRow
from integration.usecases.advance_return import advance_its_return
from integration.usecases.catalogue import ACTS
from integration.usecases.explain_refunds import Explained, explain_refunds
from integration.usecases.hold_stock import UNKNOWN_PAST, hold_unknown_stock
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import BY_HAND
from integration.usecases.take_for_ours import OnMirakl, take_for_ours

ELSEWHERE = "refunded_elsewhere"


@dataclass(frozen=True)
class Change:
    """What becomes of one refund, return or movement. `becomes`: confirmed, held, sent, created."""

    kind: str
    subject: str
    units: int
    becomes: str
    why: str
    mirakl_refund_id: str | None = None


@dataclass(frozen=True)
class Recovery:
    """The recovery and its plan. `missing`: why it cannot end yet, a sentence for each."""

    reason: str
    detail: str
    since: datetime
    gap_from: datetime | None
    missing: tuple[str, ...]
    changes: tuple[Change, ...]
    applied: bool = False


class _OnlyPlanned(Exception):
    """Takes the transaction back: a plan is an end of the recovery that was not committed, so the two cannot differ."""


def recover(ports: Ports, *, apply: bool) -> Recovery:
    """What the end of the recovery changes; where `apply`, that is done, all of it or nothing.

    :raises Refused: there is no recovery, or it cannot end yet; nothing was changed.
    :raises Retryable: Mirakl could not be read; nothing was changed.
    """
    with ports.ledger.read() as tx:
        _in_recovery(tx, standing(tx))
    explained = explain_refunds(ports)
    marks = ports.mark.read()
    planned: list[Recovery] = []
    with suppress(_OnlyPlanned), ports.ledger.write() as tx:
        tx.lock(BY_HAND)
        row = _in_recovery(tx, standing(tx, lock=True))
        missing = _missing(tx, row)
        facts = (row.reason or "", row.detail or "", row.since, row.gap_from)
        changes = [*_refunds(ports, tx, row, explained), *_returns(tx), *_movements(tx)]
        planned.append(Recovery(*facts, tuple(missing), tuple(changes), applied=apply))
        if apply and missing:
            raise Refused("The recovery cannot end yet, and nothing was changed:\n  - " + "\n  - ".join(missing))
        if not apply:
            raise _OnlyPlanned
        epoch = 1 + max([row.epoch, *(mark.epoch for mark in marks)])
        leave_recovery(tx, row, epoch=epoch, evidence={"changes": [vars(change) for change in changes]})
    if apply:
        _leave(ports, ports.mark)
    return planned[0]


def _in_recovery(tx: Tx, row: StandingRow | None) -> StandingRow:
    if row is None or row.mode == NORMAL:
        raise Refused(f"The ledger of shop {tx.shop} is not in recovery: there is nothing to recover.")
    if row.reason == FIRST_LOOK:
        raise Refused(
            f"The ledger of shop {tx.shop} is new, and its first look at the shop is not over: it ends by itself with "
            "the first complete poll of returns (RT11). Start the fleet with `backhaul up`."
        )
    return row


def _missing(tx: Tx, row: StandingRow) -> list[str]:
    missing = []
    if row.returns_read_at is None:
        missing.append("The returns on Mirakl (RT11) were not read to the end since it began: let the fleet run.")
    if row.verdicts_read_at is None:
        missing.append("The verdicts in Reveni (W2) were not read to the end since it began: let the fleet run.")
    if unread := _open(tx, ["read_verdict"]):
        shown = ", ".join(str(intent.plan.get("reveni_return_id")) for intent in unread[:5])
        missing.append(f"{len(unread)} verdicts are not read in Reveni yet (W3: {shown}): let the fleet run.")
    if unsettled := [*in_flight(tx), *_open(tx, ["await_stock_master"])]:
        kinds = ", ".join(sorted({intent.kind for intent in unsettled}))
        missing.append(f"{len(unsettled)} calls have no known outcome yet ({kinds}): reading settles or holds them.")
    return missing


def _open(tx: Tx, kinds: Sequence[str]) -> list[Intent]:
    return open_of_kinds(tx, kinds, states=intents.OPEN)


def _refunds(ports: Ports, tx: Tx, row: StandingRow, explained: Sequence[Explained]) -> list[Change]:
    open_now = {one.id for one in open_of_kinds(tx, ["push_refund"], states=("decided", "claimed", "held"))}
    flying = {intent.id for intent in in_flight(tx)}
    if open_now - flying - {one.refund_id for one in explained}:
        raise Refused("A refund came up at this moment, and nothing was changed: try again.")
    return [_refund(ports, tx, row, one) for one in explained if one.refund_id in open_now - flying]


def _refund(ports: Ports, tx: Tx, row: StandingRow, one: Explained) -> Change:
    refund = get_refund(tx, one.refund_id)
    if refund is None or refund.intent is None:
        raise Refused(f"Refund {one.refund_id} is not in the ledger any more: try again.")
    intent, subject, units = refund.intent, str(one.refund_id), refund.row.quantity or 0
    if one.is_refund is not None:
        past = one.is_refund
        evidence = {"recovery_since": row.since.isoformat(), "reason": row.reason}
        take_for_ours(tx, refund.row, intent, OnMirakl(past, one.currency), evidence)
        resolve(tx, kind="refund", subject=subject, resolution=f"recovered: it is refund {past.id} on Mirakl")
        tx.session.flush()
        advance_its_return(ports, tx, refund.row)
        return Change("refund", subject, units, "confirmed", f"It is refund {past.id} on Mirakl.", past.id)
    if intent.state == "held":
        return Change("refund", subject, units, "held", f"It stays held ({intent.reason}): {one.why}")
    if one.others:
        held = _elsewhere(one)
        _hold(tx, intent, held)
        return Change("refund", subject, units, "held", held.detail)
    return Change("refund", subject, units, "sent", "Nobody has refunded its line since the return was announced.")


def _elsewhere(one: Explained) -> Held:
    shown = ", ".join(past.id for past in one.others)
    return Held(
        ELSEWHERE,
        f"Its line was refunded on Mirakl since the return was announced ({shown}), and this ledger knows nothing of "
        f"it. {one.why} Say which refund it is (--done --refund-id), or that it is another one (--send-again).",
        {"elsewhere": [past.model_dump(mode="json") for past in one.others]},
    )


def _hold(tx: Tx, intent: Intent, held: Held) -> None:
    """Nobody has sent it, whoever may be preparing it: nothing could be written ahead since the standing is locked."""
    intents.close(tx, intent, "held", reason=held.reason, evidence=held.evidence)
    intent.detail = held.detail
    ACTS[intent.kind].hold(tx, intent, held)


def _returns(tx: Tx) -> list[Change]:
    why = "Reveni shows no return of this id: it is made there (W1), after another look."
    waiting = open_of_kinds(tx, ["create_return"], states=("decided", "claimed"))
    return [Change("return", intent.subject, 0, "created", why) for intent in waiting]


def _movements(tx: Tx) -> list[Change]:
    hold_unknown_stock(tx, sent_too=True)
    why = "Its units may be on sale already: a person says (--done), or puts them on sale (replay stock)."
    held = [one for one in movements(tx, states=["held"]) if one.reason == UNKNOWN_PAST]
    return [Change("stock", str(one.id), one.quantity, "held", why) for one in held]


def _leave(ports: Ports, marks: HighWaterMark) -> None:
    """From now on this ledger is the one: any other finds a mark above its own."""
    with ports.ledger.read() as tx:
        row = standing(tx)
        ours = None if row is None else mark_of(tx, row)
    if ours is not None:
        with suppress(MarkUnavailable):  # whoever sends first has to leave it, or does not send
            marks.raise_to(ours)


def as_json(recovery: Recovery, shop: str) -> dict[str, object]:
    """Stable keys: counts, and a row for each change."""
    by_kind = {
        name: [change for change in recovery.changes if change.kind == kind]
        for name, kind in (("refunds", "refund"), ("returns", "return"), ("movements", "stock"))
    }
    return {
        "shop": shop,
        "since": recovery.since,
        "reason": recovery.reason,
        "detail": recovery.detail,
        "gap_from": recovery.gap_from,
        "ready": not recovery.missing,
        "missing": list(recovery.missing),
        "units": sum(change.units for change in recovery.changes if change.kind == "stock"),
        **{
            name: [{key: value for key, value in vars(change).items() if key != "kind"} for change in changes]
            for name, changes in by_kind.items()
        },
        "applied": recovery.applied,
    }
