"""Send a web process of this process 100 MB in chunks; prints by how many KiB the peak of its memory has grown."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from tests.unit.web.running import RunningWeb


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def chunks() -> Iterator[bytes]:
    for _ in range(1_600):
        yield b"x" * 65_536


if __name__ == "__main__":
    with RunningWeb(Ledger(make_engine(sys.argv[1]), shop="default", who="web")) as web:
        web.deliver(b"what both sides need for the first request")
        before = peak()
        refused = web.post(chunks(), {}).status_code == 413
        sys.stdout.write(str(peak() - before if refused else sys.maxsize))
