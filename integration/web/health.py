"""`GET /healthz` for whoever restarts processes, `GET /readyz` for whoever waits for the fleet."""

from __future__ import annotations

from http import HTTPStatus

from integration.web.answers import Answering
from integration.web.readiness import Readiness


class Health(Answering):
    """200 while the process lives, whatever else does not."""

    def get(self) -> None:
        self.answer(HTTPStatus.OK, {"alive": True})


class Ready(Answering):
    """200 `{"ready": true, "missing": [], "silent": []}`, or 503 with what is missing; `silent` changes nothing."""

    def initialize(self, *, readiness: Readiness) -> None:
        self._readiness = readiness

    async def get(self) -> None:
        missing = await self._readiness.missing()
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        silent = list(self._readiness.silent)
        self.answer(status, {"ready": not missing, "missing": missing, "silent": silent})
