"""Every reason a case is held for, with every word that a person may say about it: each does what its sentence says, or
is refused with what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, get_args
from uuid import UUID

import pytest

from integration.domain.orders import PastRefund
from integration.errors import Held
from integration.ledger.engine import make_engine
from integration.ledger.journal import journal_of
from integration.ledger.migrations import migrate
from integration.ledger.tables import ReturnRow
from integration.settings import Settings
from integration.usecases import resolve_review as module
from integration.usecases.next_steps import Verb
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.replay import Kind
from integration.usecases.take_for_ours import OnMirakl
from integration.usecases.two_payers import WORD, nobody_else_pays, reveni_says
from integration.wiring import make_ports
from tests.test_readme import HELD_REASONS
from tests.unit.usecases.held_cases import Case
from tests.unit.usecases.lane import tables

WORDS: Final = (*get_args(Verb), "replay")
REFUND, STOCK = "done dismiss replay", "done dismiss replay"
RETURN = ORDER = EVENT = "done dismiss replay"
UNKNOWN_THERE = "done send_again dismiss replay"
CLOSES = "done dismiss"
"""The case is shut; nothing of it can go on."""

WALK: Final[dict[str, dict[str, str]]] = {
    "unmapped_return_reason": {"return": RETURN, "refund": REFUND},
    "illegal_refund_reason": {"return": RETURN, "refund": REFUND},
    "unmapped_reject_reason": {"return": RETURN},
    "unmapped_sku": {"return": RETURN, "stock": STOCK},
    "acceptance_missed": {"order": CLOSES},
    "order_refused": {"order": CLOSES},
    "order_canceled": {"order": CLOSES},
    "unknown_offer_sku": {"order": ORDER},
    "order_without_lines": {"order": ORDER},
    "order_not_on_mirakl": {"order": ORDER, "return": RETURN, "refund": REFUND},
    "return_not_on_mirakl": {"return": RETURN},
    "unknown_order_state": {"order": ORDER, "refund": REFUND},
    "unknown_order_line_state": {"refund": REFUND},
    "unknown_return_state": {"return": RETURN},
    "duplicate_return_line": {"return": CLOSES},
    "return_changed": {"return": RETURN},
    "return_ended_early": {"return": CLOSES, "refund": UNKNOWN_THERE},
    "return_closed": {"refund": UNKNOWN_THERE},
    "return_held": {"refund": UNKNOWN_THERE},
    "refunded_elsewhere": {"refund": UNKNOWN_THERE},
    "refunds_not_shown": {"refund": REFUND},
    "units_refunded_already": {"refund": REFUND},
    "twice_in_reveni": {"return": RETURN},
    "reveni_rejected": {"return": RETURN},
    "*_rejected": {"order": ORDER, "return": RETURN, "stock": STOCK},
    "order_line_not_in_order": {"return": RETURN, "refund": REFUND},
    "line_does_not_add_up": {"return": RETURN, "refund": REFUND},
    "unknown_reveni_status": {"return": RETURN},
    "unknown_return_type": {"refund": UNKNOWN_THERE},
    "unknown_return_mode": {"refund": UNKNOWN_THERE},
    "verdict_incomplete": {"return": RETURN},
    "reject_reasons_differ": {"return": RETURN},
    "accepted_units_wait": {"return": RETURN},
    "return_without_lines": {"return": RETURN},
    "not_in_reveni": {"return": RETURN},
    "stock_of_unknown_past": {"stock": UNKNOWN_THERE},
    "received_skus_differ": {"stock": "done dismiss"},
    "item_not_in_return": {"return": RETURN},
    "more_judged_than_returned": {"return": RETURN},
    "more_restocked_than_accepted": {"return": RETURN},
    "quantities_shrank": {"return": RETURN},
    "already_on_sale": {"return": CLOSES},
    "event_without_return": {"event": EVENT},
    "reveni_pays_too": {"refund": UNKNOWN_THERE},
    "reveni_paid_too": {"return": CLOSES},
    "exchange": {"refund": REFUND},
    "currency_unknown": {"refund": REFUND},
    "currency_differs": {"refund": REFUND},
    "unknown_currency": {"refund": REFUND},
    "order_closed": {"refund": REFUND},
    "order_line_closed": {"refund": REFUND},
    "unknown_tax_mode": {"refund": REFUND},
    "tax_without_rule": {"refund": REFUND},
    "unknown_tax_rule": {"refund": REFUND},
    "exceeds_remaining": {"refund": REFUND},
    "amount_differs": {"refund": CLOSES},
    "commission_differs": {"refund": CLOSES},
    "refund_changed_on_mirakl": {"refund": CLOSES},
    "ours_but_not_on_mirakl": {"refund": CLOSES},
    "on_mirakl_but_not_ours": {"refund": CLOSES},
    "refund_above_limit": {"refund": f"{REFUND} approve"},
    "nothing_to_refund": {"refund": REFUND},
    "confirmed_refund_missing": {"refund": REFUND},
    "refund_without_amount": {"refund": REFUND},
    "refund_rejected": {"refund": REFUND},
    "answer_differs": {"refund": "done send_again dismiss"},
    "ambiguous_refund": {"refund": UNKNOWN_THERE},
    "unknown_outcome": {"return": "send_again dismiss replay", "refund": UNKNOWN_THERE, "stock": UNKNOWN_THERE},
    "no_such_offer": {"stock": STOCK},
    "offer_not_unique": {"stock": STOCK},
    "offer_without_quantity": {"stock": STOCK},
    "import_rejected": {"stock": STOCK},
    "import_failed_twice": {"stock": STOCK},
    "import_line_refused": {"stock": STOCK},
    "import_report_unreadable": {"stock": UNKNOWN_THERE},
    "import_lines_missing": {"stock": UNKNOWN_THERE},
    "stock_outcome_ambiguous": {"stock": UNKNOWN_THERE},
    "stock_level_unexplained": {"stock": UNKNOWN_THERE},
    "not_in_stock_master": {"stock": STOCK},
    "no_stock_master": {"stock": STOCK},
    "stock_master_unclear": {"stock": UNKNOWN_THERE},
    "stock_master_without_level": {"stock": STOCK},
    "import_not_over": {"stock": UNKNOWN_THERE},
    "implausible_figure": {"return": RETURN, "refund": REFUND, "stock": STOCK},
    # Of the account, which is read again by itself: nothing of ours is held with it.
    "unreadable_transaction": {},
    "unreadable_cycle": {},
    "unreadable_document": {},
    "order_not_in_ledger": {"order": ORDER},
    "return_not_in_ledger": {"refund": REFUND},
    "movement_not_in_ledger": {},  # its row is gone, and with it everything that a word could be about
    "unexpected_error": {"order": ORDER, "return": RETURN, "refund": REFUND, "stock": STOCK, "event": EVENT},
}
"""By reason and kind of case: the words that act. Every other word is refused."""

IS_OVER: Final = {
    "acceptance_missed", "order_refused", "order_canceled", "already_on_sale", "reveni_paid_too", "amount_differs",
    "commission_differs", "refund_changed_on_mirakl", "ours_but_not_on_mirakl", "on_mirakl_but_not_ours",
}  # fmt: skip
"""Told to a person, with nothing left that could go on."""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """One ledger for all of them: each case has ids of its own. What a table can mend, these tables have mended."""
    folder = tmp_path_factory.mktemp("verbs")
    settings = Settings.model_validate(
        {
            "mirakl_base_url": "http://127.0.0.1:9", "mirakl_api_key": "key", "reveni_store_id": "store",
            "reveni_api_key": "key", "backhaul_data_dir": folder, "database_url": f"sqlite:///{folder}/l.sqlite3",
            "mappings_dir": tables(folder / "tables", "SKU-1,SKU-1,"),
        }
    )  # fmt: skip
    engine = make_engine(settings.database_url)
    migrate(engine)
    yield make_ports(settings, who="test", engine=engine)
    engine.dispose()


ENDS: Final = {
    ("refund", "done"): {"confirmed"},
    ("refund", "dismiss"): {"dropped"},
    ("refund", "send_again"): {"decided"},
    ("refund", "approve"): {"decided"},
    ("refund", "replay"): {"decided", "unknown"},
    ("stock", "done"): {"done"},
    ("stock", "dismiss"): {"excluded"},
    ("stock", "send_again"): {"pending"},
    ("stock", "replay"): {"pending"},
    ("return", "send_again"): {"decided"},
    ("return", "replay"): {"decided", "unknown"},
    ("order", "replay"): {"decided"},
    ("event", "replay"): {"decided"},
}
"""Where a word takes what is held; where none stands here, it stays where it is, and the sentence says so."""

SAYS: Final = {
    "confirmed": "confirmed", "dropped": "nothing is sent", "decided": "", "unknown": "look whether", "done": ": done",
    "excluded": "stay off sale", "pending": "next stock import",
}  # fmt: skip


@pytest.fixture(autouse=True)
def mirakl_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_ports: Ports, _refund: UUID, mirakl_refund_id: str) -> OnMirakl:
        past = PastRefund(id=mirakl_refund_id, amount=Decimal("25.00"), shipping_amount=Decimal(0), state="REFUNDED")
        return OnMirakl(past, "GBP")

    monkeypatch.setattr(module, "find_on_mirakl", found)


def test_every_held_reason_is_walked_and_no_other() -> None:
    """M13: the table of README, which is compared with the code, and the walk name the same reasons."""
    assert set(WALK) == HELD_REASONS


@pytest.mark.parametrize("reason", WALK)
def test_every_word_about_a_held_case_ends_where_its_sentence_says(ports: Ports, reason: str) -> None:
    """M13: every reason × every verb: it acts and the case is closed, or it is refused and nothing changes."""
    for kind, acting in WALK[reason].items():
        named: Kind = kind  # type: ignore[assignment]  # each parameter is a Kind
        step = {"order": "accept_order", "return": "accept_return", "stock": "adjust_stock_master"}.get(kind, "")

        def stage(named: Kind = named, held_for: str = reason.replace("*", step)) -> Case:
            return Case(ports, named, held_for, is_over=reason in IS_OVER)

        offered = stage().offered()
        assert offered <= set(acting.split()), (kind, "it is offered and refused")
        assert "dismiss" in offered
        for word in WORDS:
            (_acts if word in acting.split() else _is_refused)(stage(), word)


def _acts(case: Case, word: str) -> None:
    before, told = case.state, case.say(word)
    assert not case.is_open, (case.kind, word)
    ends = None if case.is_over else ENDS.get((case.kind, word))
    if ends is None:
        assert (case.state, told[:7]) == (before, "Closed."), told
        return
    assert case.state in ends, (case.kind, word, told)
    assert SAYS[case.state] in told


def _is_refused(case: Case, word: str) -> None:
    before = case.state
    with pytest.raises(Refused) as refused:
        case.say(word)
    assert (case.is_open, case.state) == (True, before), (case.kind, word)
    instead = r"--done|--dismiss|--send-again|--approve|backhaul replay|nothing to approve|can be approved|by hand"
    instead += r"|nothing changes|nothing of it is left|when Mirakl shows another"
    assert re.search(instead, str(refused.value)), (case.kind, word, str(refused.value))


@pytest.mark.parametrize("reason", ["reveni_pays_too", "unknown_return_type", "unknown_return_mode"])
def test_a_word_that_mirakl_is_to_pay_holds_for_what_reveni_had_said_and_for_nothing_new(
    ports: Ports, reason: str
) -> None:
    """M13: the word is kept with the facts that it was about."""
    case = Case(ports, "refund", reason)
    assert "is paid on Mirakl, whatever Reveni has said so far" in case.say("send_again")
    with ports.ledger.read() as tx:
        row = tx.session.get_one(ReturnRow, ("default", case.return_id))
        (word,) = [entry.evidence[WORD] for entry in journal_of(tx, UUID(case.subject)) if WORD in entry.evidence]
        assert word == reveni_says(row) == {"type": "refund", "mode": "instant", "refunds": []}
        nobody_else_pays(row, words=[word])
        row.reveni_refunds = [{"id": "rf-1"}]
        with pytest.raises(Held, match=r"unknown_return|reveni_pays_too"):
            nobody_else_pays(row, words=[word])
