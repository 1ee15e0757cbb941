"""What only its owner may read: the data folder, the ledger and its backups, logs, the broker's password."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600
OTHERS = 0o077


def private_folder(path: Path) -> None:
    """Make the folder, for its owner alone. One that is there already and open to others is closed, and that is told.

    A folder that is not Backhaul's own (a home, the working directory, a shared one such as /tmp) is left as it is.

    :raises OSError: it can neither be made nor used.
    """
    path.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)
    mode = path.stat().st_mode
    if not mode & OTHERS:
        return
    here = path.resolve()
    if mode & stat.S_ISVTX or here in {*_and_above(Path.cwd()), *_and_above(Path.home())}:
        log.warning("Other users may read %s. Give Backhaul a folder of its own: set BACKHAUL_DATA_DIR.", path)
        return
    _close(path, OWNER_ONLY_FOLDER)


def private_file(path: Path) -> None:
    """Make the file, empty and for its owner alone. One that is there already is closed to others, and that is told.

    :raises OSError: it can neither be made nor used.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY_FILE))
    except FileExistsError:
        if path.stat().st_mode & OTHERS:
            _close(path, OWNER_ONLY_FILE)


def why_not_writable(path: Path) -> str | None:
    """Why this user could make no file in the folder, or could not make the folder; None where they could.

    Changes nothing.
    """
    there = next(above for above in (path, *path.parents) if _may(above, os.F_OK))
    if not there.is_dir():
        return not_writable(path, f"{there} is a file")
    if not _may(there, os.W_OK | os.X_OK):
        read_only = os.statvfs(there).f_flag & os.ST_RDONLY
        return not_writable(path, "the file system is read-only" if read_only else f"{there} is closed to this user")
    return None


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def not_writable(path: Path, why: str | None) -> str:
    """The sentence about a data folder in which nothing can be kept."""
    return (
        f"Nothing can be written into the data folder {path} ({why}): "
        "let the user that Backhaul runs as write there, or set BACKHAUL_DATA_DIR to another folder."
    )


def _close(path: Path, mode: int) -> None:
    before = stat.S_IMODE(path.stat().st_mode)
    try:
        path.chmod(mode)
    except OSError as refused:
        log.warning("Other users may read %s (%04o), and that cannot be changed (%s).", path, before, refused.strerror)
    else:
        log.warning("Other users could read %s (%04o). Only its owner may from now on (%04o).", path, before, mode)


def _and_above(path: Path) -> list[Path]:
    return [path.resolve(), *path.resolve().parents]
