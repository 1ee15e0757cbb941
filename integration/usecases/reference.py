"""Mirakl's own tables that decisions rest on (RE01, OR75): read rarely, kept in the ledger for the whole fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integration.ledger.marks import keep_reference, kept_reference
from integration.ledger.store import Ledger
from integration.mirakl.client import Mirakl

DAY = 86_400.0


class Reference:
    """:param scale: `CALL_INTERVAL_SCALE`: how much shorter a day is."""

    def __init__(self, ledger: Ledger, mirakl: Mirakl, *, scale: float) -> None:
        self._ledger, self._mirakl, self._scale = ledger, mirakl, scale

    def refund_reasons(self, *, fresh: bool = False) -> Mapping[str, tuple[str, bool]]:
        """RE01 as `{code: (type, is_shop_right)}`.

        :param fresh: read now, for a decision to halt a return: an older table must not make it, and whoever has mended
            the operator's and replays at once must not meet it again.
        """
        body = self._kept("RE01", 0.0 if fresh else DAY, self._read_reasons)
        return {code: (str(kind), bool(shop_right)) for code, (kind, shop_right) in body.items()}

    def tax_rules(self) -> Mapping[str, str]:
        """OR75 as `{code: tax_calculation_rule}`; Mirakl lets it be read once a day."""
        return self._kept("OR75", DAY, self._mirakl.taxes)

    def _read_reasons(self) -> dict[str, Any]:
        reasons = self._mirakl.reasons()
        # A code may stand under several types; what counts is whether it is a REFUND the shop may give.
        rows = {reason.code: [reason.type, bool(reason.is_shop_right)] for reason in reasons}
        return rows | {r.code: [r.type, bool(r.is_shop_right)] for r in reasons if r.type == "REFUND"}

    def _kept(self, name: str, seconds: float, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with self._ledger.read() as tx:
            kept = kept_reference(tx, name, younger_than=seconds * self._scale)
        if kept is not None:
            return kept
        body = read()
        with self._ledger.write() as tx:
            keep_reference(tx, name, body)
        return body
