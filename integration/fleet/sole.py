"""One fleet per data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from integration.errors import BackhaulError
from integration.private_files import not_writable, private_folder


class FleetAlreadyRuns(BackhaulError):
    """Another `backhaul up` works in this data folder."""


class DataFolderUnusable(BackhaulError):
    """The fleet cannot keep anything in its data folder."""


@contextmanager
def sole_fleet(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for one `backhaul up`. The hold ends with the process, however that ends.

    :raises FleetAlreadyRuns: somebody else holds it.
    :raises DataFolderUnusable: nothing can be written there.
    """
    lock = FileLock(data_dir / "up.lock", mode=0o600)
    try:
        private_folder(data_dir)
        lock.acquire(blocking=False)
    except Timeout:
        raise FleetAlreadyRuns(
            f"A fleet already runs in {data_dir}: stop it, or give this one another BACKHAUL_DATA_DIR."
        ) from None
    except OSError as refused:
        raise DataFolderUnusable(not_writable(data_dir, refused.strerror)) from None
    try:
        yield
    finally:
        lock.release()
