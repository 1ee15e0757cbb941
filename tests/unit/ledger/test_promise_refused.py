"""A promise that the database refuses is no promise that somebody else has made."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from integration.ledger import intents
from integration.ledger.store import Ledger, Ring


def test_a_promise_without_a_subject_is_refused_aloud(ledger: Ledger, rings: list[Ring]) -> None:
    nobody: Any = None
    with pytest.raises(IntegrityError), ledger.write() as tx:
        intents.decide(tx, "push_refund", nobody)
    assert rings == []
