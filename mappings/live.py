"""Mappings that follow their files while the fleet runs, and never follow them into an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from integration.errors import MappingError
from mappings.files import FILES, load
from mappings.tables import Mappings

Stamp = tuple[tuple[int, int] | None, ...]


class LiveMappings:
    """The mappings of a folder, read again when a file changes. Safe to share between threads.

    :param on_invalid: told once per change of the files that cannot be used; the mappings from before that
        change stay in force.
    :raises MappingError: where the files cannot be used to begin with.
    """

    def __init__(self, folder: Path, *, strict_skus: bool = False, on_invalid: Callable[[MappingError], None]) -> None:
        self._folder = folder
        self._strict_skus = strict_skus
        self._on_invalid = on_invalid
        self._lock = Lock()
        self._stamp = self._stamp_now()
        self._in_force = load(folder, strict_skus=strict_skus)

    def current(self) -> Mappings:
        """The mappings in force now; the files are read only where a date or a size has changed."""
        with self._lock:
            # Taken before the files are read: what is written meanwhile moves it again and is read next time.
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._in_force = load(self._folder, strict_skus=self._strict_skus)
                except MappingError as error:
                    self._on_invalid(error)
            return self._in_force

    def _stamp_now(self) -> Stamp:
        return tuple(_stamp(self._folder / file) for file in FILES)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size
