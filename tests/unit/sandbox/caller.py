"""A bare HTTP caller with the keys of a sandbox: what an integration sends, without the integration."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from integration.sandbox import RunningSandbox, SandboxOptions
from integration.sandbox.wire import decode, encode


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return decode(self.body)


class Caller:
    """One connection per call; raises http.client's errors where the sandbox hangs up."""

    def __init__(self, sandbox: RunningSandbox, options: SandboxOptions) -> None:
        self.options = options
        self._address = urlsplit(sandbox.url).netloc

    def call(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Any = (),
        raw: bytes | None = None,
        timeout: float = 20.0,
    ) -> Reply:
        connection = http.client.HTTPConnection(self._address, timeout=timeout)
        payload = raw if raw is not None else (None if body is None else encode(body))
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        try:
            connection.request(verb, target, payload, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def mirakl(self, verb: str, path: str, body: Any = None, **details: Any) -> Reply:
        headers = {"Authorization": self.options.mirakl_key, **details.pop("headers", {})}
        return self.call(verb, f"/api{path}", body, headers=headers, **details)

    def reveni(self, verb: str, path: str, body: Any = None, **details: Any) -> Reply:
        store = f"/merchants/v0/stores/{self.options.reveni_store_id}"
        headers = {"Authorization": f"Bearer {self.options.reveni_key}"}
        return self.call(verb, f"{store}/{path}", body, headers=headers, **details)

    def bigcommerce(self, verb: str, path: str, body: Any = None, **details: Any) -> Reply:
        store = f"/stores/{self.options.bigcommerce_store_hash}/v3"
        return self.call(
            verb, f"{store}/{path}", body, headers={"X-Auth-Token": self.options.bigcommerce_token}, **details
        )

    def order(self, order_id: str, **query: str) -> dict[str, Any]:
        """OR11 by id."""
        found = self.mirakl("GET", "/orders", query={"order_ids": order_id, **query}).json["orders"]
        return dict(found[0])

    def accept(self, order_id: str, decisions: Mapping[str, bool]) -> Reply:
        """OR21."""
        lines = [{"id": line, "accepted": accepted} for line, accepted in decisions.items()]
        return self.mirakl("PUT", f"/orders/{order_id}/accept", {"order_lines": lines})

    def refund(
        self,
        order_line_id: str,
        amount: Any,
        *,
        mode: str | None = "TAX_INCLUDED",
        timeout: float = 20.0,
        **fields: Any,
    ) -> Reply:
        """OR28 with one line."""
        entry = {
            "order_line_id": order_line_id,
            "amount": amount,
            "shipping_amount": 0,
            "currency_iso_code": "GBP",
            "reason_code": "17",
            "quantity": 1,
            **fields,
        }
        body = {"refunds": [{name: value for name, value in entry.items() if value is not None}]}
        return self.mirakl(
            "PUT", "/orders/refund", body if mode is None else {**body, "order_tax_mode": mode}, timeout=timeout
        )

    def import_stock(self, text: str) -> Reply:
        """STO01."""
        return self.mirakl(
            "POST",
            "/offers/stock/imports",
            raw=(
                b'--cut\r\nContent-Disposition: form-data; name="file"; filename="stock.csv"\r\n'
                b"Content-Type: text/csv\r\n\r\n" + text.encode() + b"\r\n--cut--\r\n"
            ),
            headers={"Content-Type": "multipart/form-data; boundary=cut"},
        )
