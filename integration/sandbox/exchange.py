"""Every foreign call goes through here: recorded, checked, perhaps spoiled, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http.client import responses
from urllib.parse import parse_qs, unquote

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from integration.sandbox.books import RecordedCall
from integration.sandbox.calls import Answer, Call, Operation, Refused
from integration.sandbox.misbehaviour import MISBEHAVIOURS
from integration.sandbox.world import World


class Exchange(RequestHandler):
    """All operations of one path, by verb. It is also the `Caller` that a misbehaviour plays its trick on."""

    def initialize(self, world: Callable[[], World], operations: Mapping[str, Operation]) -> None:
        self._world = world
        self._operations = operations
        self._closed = asyncio.Event()
        self._record: RecordedCall | None = None

    async def _serve(self, **path: str) -> None:
        operation = self._operations.get(self.request.method or "")
        if operation is None:
            self.send(Answer(405, {"message": "Method Not Allowed", "status": 405}))
            return
        world = self._world()
        call = _call(self.request, path)
        text = f"{self.request.method} {self.request.uri} {call.body.decode(errors='replace')}"
        self._record = world.books.record(operation.code, f"{self.request.method} {call.target}", _kept_body(call))
        try:
            operation.guard(world, call)
            if world.options.ceilings:
                world.ceilings.admit(operation.code, call)
        except Refused as refused:
            self.send(refused.answer)
            return
        if world.faults.latency:
            await asyncio.sleep(world.faults.latency)

        def effect() -> Answer:
            try:
                return operation.act(world, call)
            except Refused as refused:
                return refused.answer

        fault = world.faults.take(operation.code, text)
        if fault is None:
            self.send(effect())
        else:
            await MISBEHAVIOURS[fault.kind](fault, effect, self)

    get: Callable[..., Awaitable[None] | None] = _serve
    post: Callable[..., Awaitable[None] | None] = _serve
    put: Callable[..., Awaitable[None] | None] = _serve
    delete: Callable[..., Awaitable[None] | None] = _serve

    def send(self, answer: Answer) -> None:
        self._note(answer.status)
        self.set_status(answer.status, responses.get(answer.status, "Unknown"))
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if answer.body is None:
            self.clear_header("Content-Type")
        else:
            self.set_header("Content-Type", answer.media_type)
            self.write(answer.payload())
        self.finish()

    def send_half(self, answer: Answer) -> None:
        """Announce the whole body, send half of it, and hang up."""
        self._note(answer.status)
        payload = answer.payload()
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: {answer.media_type}\r\n"
        head += f"Content-Length: {len(payload)}\r\n\r\n"
        stream = self.detach()

        def hang_up(written: asyncio.Future[None]) -> None:
            written.exception()  # the caller may have hung up first
            stream.close()

        # When it is written: closing a stream throws away what it has not written yet.
        stream.write(head.encode() + payload[: len(payload) // 2]).add_done_callback(hang_up)

    def drop(self) -> None:
        self.detach().close()

    async def gone(self) -> None:
        await self._closed.wait()

    def on_connection_close(self) -> None:
        self._closed.set()

    def compute_etag(self) -> None:
        """None of the three services sends one."""

    def _note(self, status: int) -> None:
        if self._record is not None:
            self._record.status = status


def _call(request: HTTPServerRequest, path: Mapping[str, str]) -> Call:
    return Call(
        url=f"{request.protocol}://{request.host}{request.path}",
        target=request.uri or "",
        path={name: unquote(value) for name, value in path.items()},
        query=parse_qs(request.query, keep_blank_values=True),
        headers=request.headers,
        body=request.body,
        files={name: sent[0]["body"] for name, sent in request.files.items() if sent},
    )


def _kept_body(call: Call) -> str | None:
    return call.body.decode(errors="replace") if call.target.startswith("/api/") and call.body else None
