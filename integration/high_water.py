"""The high-water mark: how far a shop's ledger has come, kept outside the ledger, in the data folder and the broker.

A database that was restored from a backup, or emptied, does not know it. What is kept here does. Two places, since each
may be lost alone: one that does not answer, or holds nothing, leaves the other to speak.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from pydantic import ValidationError
from redis import Redis, RedisError
from redis.client import Pipeline

from integration.domain.high_water import Mark, lets_pass
from integration.errors import Retryable

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds for a broker, or for whoever else writes the file: a call that waits for them is not sent late."""


class MarkUnavailable(Retryable):
    """The mark can be kept nowhere at this moment, so nothing that counts may be sent."""


class Place(Protocol):
    """Where a mark is kept. Both raise `OSError` or `RedisError` where it cannot be reached."""

    def read(self) -> Mark | None: ...
    def raise_to(self, ours: Mark) -> Mark | None:
        """Put `ours` there; or leave what is there, and give it back, where `ours` may not take its place."""


class MarkFile:
    """One file a shop in the data folder, replaced as a whole, readable by its owner alone."""

    def __init__(self, data_dir: Path, shop: str) -> None:
        self.path = data_dir / f"{shop}.mark.json"

    def read(self) -> Mark | None:
        try:
            return _decoded(self.path.read_bytes())
        except FileNotFoundError:
            return None

    def raise_to(self, ours: Mark) -> Mark | None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with FileLock(f"{self.path}.lock", timeout=PATIENCE, mode=0o600):
                known = self.read()
                if known is not None and not lets_pass(known, ours):
                    return known
                self._replace(ours.model_dump_json().encode())
        except Timeout:
            raise OSError(f"somebody else holds {self.path}.lock") from None
        return None

    def _replace(self, content: bytes) -> None:
        """Whole or not at all, and there after a power cut."""
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.")  # 0600
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - a handle, not a path
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class MarkInBroker:
    """A key of the shop's in Redis, which all hosts and containers of a fleet share."""

    def __init__(self, broker_url: str, shop: str) -> None:
        self.key = f"backhaul:{shop}:mark"
        # kombu's name for a socket, and redis's.
        self._redis = Redis.from_url(
            broker_url.replace("redis+socket://", "unix://", 1),
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
        )

    def read(self) -> Mark | None:
        held = self._redis.get(self.key)
        return _decoded(held) if isinstance(held, bytes) else None

    def raise_to(self, ours: Mark) -> Mark | None:
        standing: list[Mark] = []

        def compare_and_set(pipe: Pipeline) -> None:
            standing.clear()  # somebody else was faster the last time
            held = pipe.get(self.key)  # at once, since the key is watched
            known = _decoded(held) if isinstance(held, bytes) else None
            pipe.multi()
            if known is not None and not lets_pass(known, ours):
                standing.append(known)
            else:
                pipe.set(self.key, ours.model_dump_json())

        self._redis.transaction(compare_and_set, self.key)
        return standing[0] if standing else None


class HighWaterMark:
    """The mark in all its places."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places

    @property
    def places(self) -> int:
        """How many marks `read` finds where nothing is missing."""
        return len(self._places)

    def read(self) -> list[Mark]:
        """What each place holds; nothing of one that cannot be reached."""
        marks = []
        for place in self._places:
            try:
                mark = place.read()
            except (OSError, RedisError, ValueError) as failure:
                _tell(place, failure)
                continue
            if mark is not None:
                marks.append(mark)
        return marks

    def raise_to(self, ours: Mark) -> Mark | None:
        """Raise the mark to where the ledger stands: after its commit, and before the first byte of the call.

        The file is asked first, so that no other host hears of a ledger that is wrong here already.

        :returns: None; or the mark that stands in the way, and then it was not raised everywhere.
        :raises MarkUnavailable: it can be kept nowhere.
        """
        kept = 0
        for place in self._places:
            try:
                standing = place.raise_to(ours)
            except (OSError, RedisError, ValueError) as failure:
                _tell(place, failure)
                continue
            if standing is not None and not standing.is_at(ours):
                return standing
            kept += 1
        if not kept:
            raise MarkUnavailable(
                "how far the ledger has come can be noted neither in the data folder nor in the broker"
            )
        return None


def high_water_mark(data_dir: Path, shop: str, broker_url: str | None) -> HighWaterMark:
    """Where a fleet of this shop keeps its mark. Opens no connection yet."""
    file = MarkFile(data_dir, shop)
    return HighWaterMark([file] if broker_url is None else [file, MarkInBroker(broker_url, shop)])


def _decoded(content: bytes) -> Mark:
    """:raises ValueError: it is no mark, and says nothing."""
    try:
        return Mark.model_validate(json.loads(content))
    except (ValidationError, UnicodeDecodeError):
        raise ValueError("it is not a mark of this version") from None


def _tell(place: Place, failure: Exception) -> None:
    log.warning("the mark in %s cannot be reached: %s", type(place).__name__, type(failure).__name__)
