"""One fleet per data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from integration.errors import BackhaulError


class FleetAlreadyRuns(BackhaulError):
    """Another `backhaul up` works in this data folder."""


@contextmanager
def sole_fleet(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for one `backhaul up`. The hold ends with the process, however that ends.

    :raises FleetAlreadyRuns: somebody else holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / "up.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise FleetAlreadyRuns(
            f"A fleet already runs in {data_dir}: stop it, or give this one another BACKHAUL_DATA_DIR."
        ) from None
    try:
        yield
    finally:
        lock.release()
