"""How a process is killed at a named step, once. The product holds no hook for it: its functions are wrapped."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


def happens_now(step: str) -> bool:
    """Whether this is the first time that somebody comes to the step: a file in the folder DEATHS keeps it."""
    try:
        Path(os.environ["DEATHS"], step).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def die_at(step: str) -> None:
    """SIGKILL for this process, the first time that it comes here."""
    if happens_now(step):
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Have `wrapper(original, *args)` called instead of a function of the product."""
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(lambda *args, **named: wrapper(original, *args, **named)))
