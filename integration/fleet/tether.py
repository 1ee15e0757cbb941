"""Become a command that dies with its parent: `python tether.py PARENT_PID COMMAND…`.

If `backhaul up` is killed, its processes must not live on as a second fleet beside the next one. Only Linux
offers this. It is asked for in a program of its own, because code between a fork and an exec is not safe in a
supervisor that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:  # pragma: no cover - its tests run it as what it is, a program
    """Run the command in this process's place, under the same process id."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("tether: the parent died first")
    os.execvp(command[0], command)  # noqa: S606 - the command is a line of the Procfile


if __name__ == "__main__":  # pragma: no cover - run as a program by its tests
    main()
