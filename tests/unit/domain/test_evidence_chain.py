from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.evidence_chain import Head, Seal

CONTENT = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()))


@given(st.lists(CONTENT, max_size=5))
def test_what_was_sealed_holds_to_its_head(contents: list[dict[str, object]]) -> None:
    head = Head()
    for content in contents:
        seal = head.sealed(content)
        assert head.broken_by(seal, dict(reversed(content.items()))) is None
        head = Head(seal.number, seal.hash)
    assert head.length == len(contents)


@given(CONTENT, CONTENT)
def test_other_content_has_another_seal(one: dict[str, object], other: dict[str, object]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (Head().sealed(one) == Head().sealed(other)) == same


def test_what_breaks_a_chain_is_named() -> None:
    content = {"amount": "25.00"}
    first = Head().sealed(content)
    head = Head(1, first.hash)
    second = head.sealed(content)
    assert head.broken_by(second, {"amount": "25.01"}) == (
        "entry 2 of the chain is not what was sealed: it was changed afterwards"
    )
    assert Head().broken_by(second, content) == "entry 1 of the chain is missing"
    assert Head(1, "0").broken_by(second, content) == ("entry 2 of the chain does not follow from the one before it")
    assert Head().broken_by(Seal(1, Head().hash, first.hash), content) is None


def test_a_seal_does_not_change_with_the_version_that_made_it() -> None:
    seal = Head().sealed({"amount": "25.00", "who": "Zoë"})
    assert seal.hash == "d85c4fb3c8213ef1dc94e773201c04dc0762fe517cde8535495ee8c7d49bc01d"


def test_an_amount_that_is_not_written_out_is_refused() -> None:
    with pytest.raises(TypeError):
        Head().sealed({"amount": Decimal("25.00")})
