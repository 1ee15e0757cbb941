"""A new version takes over from an old one that is in the middle of a refund: crash matrix 30."""

from __future__ import annotations

import pytest
from celery import Celery

from integration.fleet.supervisor import WORKERS_MAY_TAKE
from integration.ledger.intents import get
from integration.ledger.tables import Facts
from integration.sandbox.client import SandboxClient
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.ports import Ports
from tests.inline_fleet import IMPATIENT
from tests.queues.conftest import Start, waiting
from tests.queues.refund_due import RefundsDue, deliveries
from tests.servers import wait_until

pytestmark = [pytest.mark.queues, pytest.mark.crash_matrix(30)]

ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s): long enough to be told to stop in."""

AT_ONCE = 2
"""Refunds that one worker has in hand; the others wait in the queue."""


def test_a_worker_that_is_told_to_stop_ends_its_refunds_first_and_leaves_the_others_to_the_next(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 2 * AT_ONCE)
    old = start("refund")
    due.publish()
    due.wait_until_sending(AT_ONCE)
    old.ask_to_stop()
    assert due.are_under_way()
    assert old.exit_code(within=WORKERS_MAY_TAKE) == 0
    assert sorted(one.state for one in due.rows()) == ["confirmed"] * AT_ONCE + ["decided"] * AT_ONCE
    assert waiting(app, "refund") == AT_ONCE
    start("refund")
    due.wait_until_confirmed()
    due.require_one_effect_each()


def test_a_refund_whose_worker_does_not_stop_in_time_is_settled_by_reading(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    old = start("refund")
    due.publish()
    due.wait_until_sending()
    old.ask_to_stop()
    wait_until(lambda: "Warm shutdown" in old.log(), what="a worker that stops")
    old.kill()
    assert due.are_under_way()
    start("refund")
    due.sweep_until_confirmed()
    (line,) = due.intents
    assert [entry.reason for entry in due.journal(line)] == [None, None, "sending", "claim_expired", None]
    due.require_one_effect_each()


def test_workers_of_two_versions_take_the_messages_of_both(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    # More than one worker has in hand: each of the two has some of them.
    due = RefundsDue.promise(ports, app, sandbox, AT_ONCE + 1)
    workers = [start("refund"), start("refund")]
    published = due.publish(newer="words", that_this={"version": ["does not know"]}) + due.publish()

    def said() -> list[str]:
        return [one.outcome for worker in workers for one in deliveries(worker)]

    wait_until(lambda: len(said()) == published, what="an end of every message")
    assert sorted(said()) == ["confirmed"] * len(due.intents) + ["nothing to do"] * len(due.intents)
    assert all("confirmed" in {one.outcome for one in deliveries(worker)} for worker in workers)
    due.require_one_effect_each()


def test_a_refund_that_a_newer_version_has_sent_is_settled_by_an_older_one(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    sandbox.add_fault("OR28", "lost_after", times=1)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    (intent_id,) = due.intents.values()
    assert carry_out(ports, ACTS["push_refund"], intent_id, retry=IMPATIENT).startswith("unknown")
    with ports.ledger.write() as tx:
        intent = get(tx, intent_id)
        assert intent is not None
        intent.plan = _with_newer_words(intent.plan)
    start("refund")
    due.sweep_until_confirmed()
    due.require_one_effect_each()


def _with_newer_words(plan: Facts) -> Facts:
    """With facts that this version does not know, in the plan and in all that it reads back from there."""
    newer = {"newer": {"words": 1}}
    calculation = plan["calculation"]
    more = {name: calculation[name] | newer for name in ("asked", "order")}
    return {**plan, **newer, "calculation": {**calculation, **newer, **more}}
