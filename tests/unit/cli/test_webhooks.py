"""`webhooks`: where Reveni tells about returns."""

from __future__ import annotations

import json

import pytest

from integration.sandbox import SandboxClient
from tests.unit.cli.conftest import Backhaul

URL = "https://backhaul.example.com/webhooks/reveni"


def test_an_address_is_registered_listed_and_removed(backhaul: Backhaul, sandbox: SandboxClient) -> None:
    assert json.loads(backhaul("webhooks", "list", "--json").stdout) == []
    made = json.loads(backhaul("webhooks", "register", URL, "--json").stdout)
    assert (made["url"], made["event_types"]) == (URL, ["return.created", "return.updated"])
    assert json.loads(backhaul("webhooks", "list", "--json").stdout) == [made]
    removed = backhaul("webhooks", "remove", made["webhook_id"], "--json")
    assert json.loads(removed.stdout) == {"webhook_id": made["webhook_id"], "removed": True}
    assert "polling alone" in backhaul("webhooks", "list").stdout


def test_people_are_told_the_next_step(backhaul: Backhaul, sandbox: SandboxClient) -> None:
    told = backhaul("webhooks", "register", URL).stdout
    webhook_id = told.split()[-1]
    assert f"backhaul webhooks remove {webhook_id}" in told
    assert webhook_id in backhaul("webhooks", "list").stdout
    assert backhaul("webhooks", "remove", webhook_id).stdout == f"Removed {webhook_id}.\n"


def test_an_address_that_is_none_is_wrong_usage(backhaul: Backhaul, sandbox: SandboxClient) -> None:
    assert backhaul("webhooks", "register", "backhaul.example.com").exit_code == 2
    assert sandbox.calls("CREATE_WEBHOOK") == []


def test_what_reveni_refuses_is_a_refusal(backhaul: Backhaul, sandbox: SandboxClient) -> None:
    result = backhaul("webhooks", "remove", "4e26")
    assert (result.exit_code, result.stderr.startswith("The other side refused it (404): ")) == (1, True)


def test_a_reveni_that_does_not_answer_is_a_refusal(backhaul: Backhaul) -> None:
    result = backhaul("webhooks", "list")
    assert (result.exit_code, "try again later" in result.stderr) == (1, True)


def test_a_refused_key_sends_to_the_check(
    backhaul: Backhaul, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVENI_API_KEY", "hunter2")
    result = backhaul("webhooks", "list")
    assert (result.exit_code, "backhaul check" in result.stderr, "hunter2" in result.output) == (1, True, False)


def test_an_answer_that_got_lost_is_to_be_looked_after(backhaul: Backhaul, sandbox: SandboxClient) -> None:
    sandbox.add_fault("CREATE_WEBHOOK", "lost_after")
    result = backhaul("webhooks", "register", URL)
    assert (result.exit_code, "It may have been done all the same" in result.stderr) == (1, True)
