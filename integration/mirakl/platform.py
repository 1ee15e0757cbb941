"""The shop and the operator's settings: A01, A21, PC01, RE01."""

from __future__ import annotations

from integration.mirakl import operations
from integration.mirakl.calls import Calls
from integration.mirakl.wire.platform import Account, Configuration, Reason, ReasonsAnswer, ShopStatistics


class PlatformCalls(Calls):
    """Calls about the shop and its operator. They raise Retryable when nothing was read."""

    def reasons(self) -> list[Reason]:
        """The operator's reason codes of every type. RE01"""
        return list(self._call(operations.RE01).read(ReasonsAnswer).reasons)

    def account(self) -> Account:
        """The shop behind the key, its currency and balances; at most once a day. A01"""
        return self._call(operations.A01).read(Account)

    def shop_statistics(self) -> ShopStatistics:
        """How the operator sees the shop, such as its `auto_refused_rate`; at most once a day. A21"""
        return self._call(operations.A21).read(ShopStatistics)

    def configuration(self) -> Configuration:
        """What the operator has switched on; only for keys with ROLE_SHOP_ADMIN. PC01"""
        return self._call(operations.PC01).read(Configuration)
