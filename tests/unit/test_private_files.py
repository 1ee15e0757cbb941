"""What only its owner may read."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.private_files import private_file, private_folder, why_not_writable

NOBODY = 65534


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who owns nothing; where the tests do not run as root they are such a user already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """M15: 0700 and 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        private_folder(tmp_path / "data")
        private_file(tmp_path / "data" / "file")
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "data"), mode_of(tmp_path / "data" / "file")) == (0o700, 0o600)
    assert caplog.records == []


def test_what_was_open_to_others_is_closed_and_that_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M15: a folder and a file of an earlier version; what is in the file stays."""
    folder, file = tmp_path / "data", tmp_path / "data" / "file"
    folder.mkdir(mode=0o755)
    file.write_text("kept")
    file.chmod(0o644)
    for _ in range(2):
        private_folder(folder)
        private_file(file)
    assert (mode_of(folder), mode_of(file), file.read_text()) == (0o700, 0o600, "kept")
    told = [record.getMessage() for record in caplog.records]
    assert [("0755" in one, "0644" in one) for one in told] == [(True, False), (False, True)]


@pytest.mark.parametrize("whose", ["shared", "working"])
def test_a_folder_that_is_not_backhauls_own_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """M15: BACKHAUL_DATA_DIR=/tmp must not close /tmp, nor `.` somebody's project."""
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o1777 if whose == "shared" else 0o755)
    if whose == "working":
        monkeypatch.chdir(folder)
    before = mode_of(folder)
    private_folder(folder)
    assert mode_of(folder) == before
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "BACKHAUL_DATA_DIR" in caplog.text


def test_a_folder_that_cannot_be_written_is_named_with_the_cause(tmp_path: Path) -> None:
    """S10: nothing is made to find out."""
    (tmp_path / "file").touch()
    tmp_path.chmod(0o755)
    assert why_not_writable(tmp_path / "data") is None
    assert f"{tmp_path / 'file'} is a file" in (why_not_writable(tmp_path / "file" / "data") or "")
    (tmp_path / "closed").mkdir(mode=0o555)
    with as_nobody():
        told = why_not_writable(tmp_path / "closed" / "data") or ""
    assert "closed to this user" in told
    assert "BACKHAUL_DATA_DIR" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["closed", "file"]
