"""Lays the kill points of a process: Python runs this first where its folder is on PYTHONPATH."""

from __future__ import annotations

import os
import sys

if "TRANSPORT_OPTIONS" in os.environ:
    from tests.kill_points import impatient

    impatient.hasten()
elif "--queues=refund" in sys.orig_argv:
    from tests.kill_points import consuming, refunding

    consuming.lay_in_wait()
    refunding.lay_in_wait()
elif "tasks.web" in sys.orig_argv:
    from tests.kill_points import receiving

    receiving.lay_in_wait()
