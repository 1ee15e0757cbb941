"""`refunds explain`: the whole evidence of one refund."""

from __future__ import annotations

import json
import uuid

from integration.ledger import intents
from integration.ledger.store import Ledger
from integration.sandbox import SandboxClient
from mappings import FOLDER, load
from tests.inline_fleet import InlineFleet
from tests.unit.cli import cases, stories
from tests.unit.cli.conftest import Backhaul


def test_a_refund_is_explained_from_the_order_to_the_answer(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    refund_id = stories.a_confirmed_refund(fleet, sandbox)
    explained = json.loads(backhaul("refunds", "explain", refund_id, "--json").stdout)
    assert explained["amount"] == explained["request"]["amount"] == explained["answer"]["amount"] == "25.00"
    assert explained["mirakl_refund_id"] == explained["answer"]["refund_id"]
    assert explained["calculation"]["order"]["order_id"] == explained["order_id"]
    assert explained["reveni"] == {"mode": "not_instant", "refunds": []}
    assert explained["mapping_version"] == load(FOLDER).version
    assert [entry["to_state"] for entry in explained["journal"]][-1] == "confirmed"
    assert any("25.00" in line for line in explained["words"])


def test_the_explanation_for_people_has_the_arithmetic_and_the_journal(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    told = backhaul("refunds", "explain", stories.a_confirmed_refund(fleet, sandbox)).stdout
    for part in ("Asked of Mirakl (OR28)", "Commission given back", "Mirakl's answer (OR28)", "Reveni's own figure"):
        assert part in told
    assert "confirmed" in told.splitlines()[-1]


def test_no_shopper_is_in_an_explanation(backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient) -> None:
    refund_id = stories.a_confirmed_refund(fleet, sandbox)
    for words in (["--json"], []):
        assert "ZZCANARY" not in backhaul("refunds", "explain", refund_id, *words).stdout


def test_a_held_refund_says_what_it_waits_for(backhaul: Backhaul, ledger: Ledger) -> None:
    told = backhaul("refunds", "explain", cases.a_refund(ledger)).stdout
    assert "It waits: exceeds_remaining. somebody should look" in told
    assert "Mirakl's refund: none" in told


def test_a_refund_that_was_not_worked_out_says_so(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, asked=False, reason="order_closed")
    assert "Nothing was worked out yet." in backhaul("refunds", "explain", refund_id).stdout
    explained = json.loads(backhaul("refunds", "explain", refund_id, "--json").stdout)
    assert (explained["words"], explained["request"], explained["reveni"]) == ([], None, None)


def test_a_refund_of_others_has_an_amount_and_no_calculation(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.an_external_refund(ledger)
    assert "Made by others on Mirakl: 5.00 GBP." in backhaul("refunds", "explain", refund_id).stdout
    explained = json.loads(backhaul("refunds", "explain", refund_id, "--json").stdout)
    assert (explained["state"], explained["journal"], explained["calculation"]) == ("external", [], None)


def test_a_refund_that_does_not_exist_is_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    result = backhaul("refunds", "explain", uuid.uuid4())
    assert (result.exit_code, "backhaul refunds list" in result.stderr) == (1, True)


def test_the_journal_tells_who_did_it_by_hand(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger)
    backhaul("replay", "refund", refund_id, "--apply")
    explained = json.loads(backhaul("refunds", "explain", refund_id, "--json").stdout)
    assert [(entry["who"], entry["reason"]) for entry in explained["journal"]][-1] == ("cli:ada", "replayed")
    with ledger.read() as tx:
        assert intents.get(tx, refund_id) is not None
