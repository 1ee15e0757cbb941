"""`GET /healthz` for whoever restarts processes, `GET /readyz` for whoever waits for the fleet."""

from __future__ import annotations

from http import HTTPStatus

from integration.web.answers import Answering
from integration.web.readiness import Standing
from integration.web.shared import Shared


class Health(Answering):
    """200 while the process lives, whatever else does not."""

    def get(self) -> None:
        self.answer(HTTPStatus.OK, {"alive": True})


class Ready(Answering):
    """200 `{"ready": true, "missing": [], …}`, or 503 with what is missing; with each worker's last sign of life."""

    def initialize(self, *, shared: Shared[Standing]) -> None:
        self._shared = shared

    async def get(self) -> None:
        standing = await self._shared.get()
        status = HTTPStatus.SERVICE_UNAVAILABLE if standing.missing else HTTPStatus.OK
        self.answer(
            status,
            {
                "ready": not standing.missing,
                "missing": standing.missing,
                "silent": [worker for worker in standing.workers if worker["silent"]],
                "workers": standing.workers,
            },
        )
