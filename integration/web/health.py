"""`GET /healthz` for whoever restarts processes, `GET /readyz` for whoever waits for the fleet."""

from __future__ import annotations

import os
from http import HTTPStatus

from integration.fleet.environment import FLEET_HEADER, FLEET_ID
from integration.web.answers import Answering
from integration.web.readiness import Readiness


class Health(Answering):
    """200 while the process lives, whatever else does not."""

    def get(self) -> None:
        self.answer(HTTPStatus.OK, {"alive": True})


class Ready(Answering):
    """200 `{"ready": true, "missing": [], "recovery": null}`, or 503 with what is missing; a header says whose web
    process answers.

    A fleet in recovery is ready: it reads, accepts orders, and says here why it does not refund.
    """

    def initialize(self, *, readiness: Readiness) -> None:
        self._readiness = readiness

    async def get(self) -> None:
        missing = await self._readiness.missing()
        recovery = await self._readiness.recovery()
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        self.set_header(FLEET_HEADER, os.environ.get(FLEET_ID, ""))
        self.answer(status, {"ready": not missing, "missing": missing, "recovery": recovery})
