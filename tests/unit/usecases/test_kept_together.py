"""One of many promises that are kept together: what becomes of it is told, and stops none of the others."""

from __future__ import annotations

import logging

import pytest

from integration.ledger import intents
from integration.ledger.intents import FenceLost
from integration.usecases.carry_out import told
from integration.usecases.keeping import Keeping
from integration.usecases.ports import Ports
from tests.unit.usecases.keeping import RETRY, Promise
from tests.unit.usecases.little_act import LittleAct


def test_the_answer_of_a_shared_call_is_recorded_for_each(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct())
    with ports.ledger.write() as tx:
        intent = intents.claim(tx, promise.id, lease=60)
        assert intent is not None
        intents.write_ahead(tx, intent, {})
    assert Keeping(ports, act, intent, RETRY).answered("done") == "confirmed"
    assert (promise.stands, act.recorded, act.sendings) == (("confirmed", None), ["done"], 0)


@pytest.mark.parametrize(
    ("failure", "outcome", "level"),
    [(FenceLost("newer"), "claim lost", logging.WARNING), (KeyError("?"), "unexpected error", logging.ERROR)],
)
def test_what_goes_wrong_with_one_is_told_and_goes_no_further(
    failure: Exception, outcome: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    def keep() -> str:
        raise failure

    assert told(keep) == outcome
    assert [record.levelno for record in caplog.records] == [level]
    assert told(lambda: "confirmed") == "confirmed"
