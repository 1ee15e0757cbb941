"""The least that so many calls can take: bare asyncio, connections kept open, nothing written down."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit


async def accept_all(url: str, key: str, orders: Mapping[str, Sequence[str]], *, connections: int) -> float:
    """Accept each order, given with its line ids (OR21); seconds until the last answer."""
    waiting = list(orders.items())
    address = urlsplit(url)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while waiting:
            order_id, lines = waiting.pop()
            writer.write(_request(address.netloc, key, order_id, lines))
            await _answer(reader)
        writer.close()
        await writer.wait_closed()

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.monotonic() - began


def _request(host: str, key: str, order_id: str, lines: Sequence[str]) -> bytes:
    body = json.dumps({"order_lines": [{"accepted": True, "id": line} for line in lines]}).encode()
    head = (
        f"PUT /api/orders/{order_id}/accept HTTP/1.1\r\nHost: {host}\r\nAuthorization: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> None:
    """:raises ValueError: the answer is not 204."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 204 "):
        status, _, _ = head.partition(b"\r\n")
        raise ValueError(f"not accepted: {status.decode()}")
