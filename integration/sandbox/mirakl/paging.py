"""Mirakl's two ways to page (mirakl.md 1): `max` and `offset`, and tokens that carry the whole question."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.refusals import number_of, refusal
from integration.sandbox.wire import decode, encode

Row = TypeVar("Row")


def offset_page(call: Call, rows: Sequence[Row], root: str, view: Callable[[Row], dict[str, Any]]) -> Answer:
    """`max` (10, at most 100) rows from `offset` on, with `total_count` and a `Link` header."""
    size = number_of(call, "max", 10, at_least=1, at_most=100)
    offset = number_of(call, "offset", 0, at_least=0, at_most=10**9)
    body = {root: [view(row) for row in rows[offset : offset + size]], "total_count": len(rows)}
    links = []
    if offset > 0:
        links.append(_link(call, max(0, offset - size), "previous"))
    if offset + size < len(rows):
        links.append(_link(call, offset + size, "next"))
    return Answer(body=body, headers={"Link": ", ".join(links)} if links else {})


def _link(call: Call, offset: int, relation: str) -> str:
    query = {**call.query, "offset": [str(offset)]}
    return f'<{call.url}?{urlencode(query, doseq=True)}>; rel="{relation}"'


def seek(call: Call) -> tuple[Call, int]:
    """The question to answer and where its page begins: a `page_token` overrides every other parameter.

    :raises Refused: 400 for a token that is not ours.
    """
    token = call.one("page_token")
    if token is None:
        return call, 0
    try:
        held = decode(base64.urlsafe_b64decode(token))
        return replace(call, query=parse_qs(held["query"])), held["start"]
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise refusal(400, "The page token is invalid") from error


def seek_page(
    call: Call, start: int, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]], *, most: int = 100
) -> Answer:
    """`limit` (10, at most `most`) rows from `start` on, with the tokens of the pages beside."""
    size = number_of(call, "limit", 10, at_least=1, at_most=most)
    body: dict[str, Any] = {"data": [view(row) for row in rows[start : start + size]]}
    if start + size < len(rows):
        body["next_page_token"] = _token(call, start + size)
    if start > 0:
        body["previous_page_token"] = _token(call, max(0, start - size))
    return Answer(body=body)


def _token(call: Call, start: int) -> str:
    held = {"query": urlencode(call.query, doseq=True), "start": start}
    return base64.urlsafe_b64encode(encode(held)).decode()
