"""`GET /healthz` for whoever restarts processes, `GET /readyz` for whoever waits for the fleet."""

from __future__ import annotations

import os
from http import HTTPStatus

from integration.fleet.environment import FLEET_HEADER, FLEET_ID
from integration.web.answers import Answering
from integration.web.readiness import Standing
from integration.web.shared import Shared


class Health(Answering):
    """200 while the process lives, whatever else does not."""

    def get(self) -> None:
        self.answer(HTTPStatus.OK, {"alive": True})


class Ready(Answering):
    """200 `{"ready": true, "missing": [], "recovery": null, …}`, or 503 with what is missing; with each worker's last
    sign of life. A header says whose web process answers.

    A fleet in recovery is ready: it reads, accepts orders, and says here why it does not refund.
    """

    def initialize(self, *, shared: Shared[Standing]) -> None:
        self._shared = shared

    async def get(self) -> None:
        standing = await self._shared.get()
        status = HTTPStatus.SERVICE_UNAVAILABLE if standing.missing else HTTPStatus.OK
        self.set_header(FLEET_HEADER, os.environ.get(FLEET_ID, ""))
        self.answer(
            status,
            {
                "ready": not standing.missing,
                "missing": standing.missing,
                "recovery": standing.recovery,
                "silent": [worker for worker in standing.workers if worker["silent"]],
                "silent_polls": standing.silent_polls,
                "workers": standing.workers,
            },
        )
