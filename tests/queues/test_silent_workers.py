"""Two workers of one queue, as on two hosts: the one that is frozen is not hidden by the one that is not."""

from __future__ import annotations

import pytest

from integration.ledger.heartbeats import Worker, heartbeats, workers
from integration.settings import Settings
from integration.usecases.ports import Ports
from tests.queues.conftest import Start
from tests.servers import wait_until

pytestmark = pytest.mark.queues


def test_a_frozen_worker_is_seen_although_another_one_serves_its_queue(
    ports: Ports, settings: Settings, start: Start
) -> None:
    """S4: its age grows and is told of, while its queue stays served; who ends in order is forgotten at once."""
    frozen, well = start("refund"), start("refund")

    def of_both() -> dict[int, Worker]:
        with ports.ledger.read() as tx:
            return {one.pid: one for one in workers(tx)}

    wait_until(lambda: of_both().keys() == {frozen.pid, well.pid}, what="a sign of life of each")
    with frozen.frozen():
        wait_until(lambda: "worker of queue refund on host" in well.log(), within=60, what="a word about the other")
        ages = of_both()
        assert ages[frozen.pid].age > 10 > ages[well.pid].age
        with ports.ledger.read() as tx:
            assert [beat.queue for beat in heartbeats(tx)] == ["refund"]
    wait_until(lambda: of_both()[frozen.pid].age < 8, what="its next sign of life")
    well.ask_to_stop()
    assert well.exit_code(within=30) == 0
    assert of_both().keys() == {frozen.pid}
