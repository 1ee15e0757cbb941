"""What /proc says about a process and all that it started: memory, processor time, who is still there."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """The process and its descendants that run; nothing when it has ended."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [root] if _parent(root) is not None else []
    for pid in found:
        found += children.get(pid, [])
    return found


def command_line(pid: int) -> str:
    """With its words apart by blanks; empty when it has ended."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def lives(pid: int) -> bool:
    return _parent(pid) is not None


def pss(pid: int) -> int:
    """Bytes of memory, what is shared counted in proportion; 0 when it has ended."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def processor_seconds(pid: int) -> float:
    """Of one core, since it started; 0.0 when it has ended."""
    fields = _stat(pid)
    return 0.0 if fields is None else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill(pid: int) -> None:
    """At once, unless it has ended already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _parent(pid: int) -> int | None:
    """None for a process that has ended, even where nobody has asked yet how."""
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[1])


def _stat(pid: int) -> list[str] | None:
    """The fields after the name, which may hold blanks and brackets."""
    with suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return None
