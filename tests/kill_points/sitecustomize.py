"""Lays the kill points of a process: Python runs this first where its folder is on PYTHONPATH."""

from __future__ import annotations

import sys

if "--queues=refund" in sys.orig_argv:
    from tests.kill_points import refunding

    refunding.lay_in_wait()
