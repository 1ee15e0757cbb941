"""Every kind of promise, by name. A new one is a class and a line here."""

from __future__ import annotations

from typing import Any, Final

from integration.usecases.accept_order import AcceptOrder
from integration.usecases.acts import Act
from integration.usecases.adjust_stock_master import AdjustStockMaster
from integration.usecases.assess_return import AssessReturn
from integration.usecases.await_stock_master import AwaitStockMaster
from integration.usecases.cancel_return import CancelReturn
from integration.usecases.create_return import CreateReturn
from integration.usecases.follow_import import FollowImport
from integration.usecases.map_return import MapReturn
from integration.usecases.push_refund import PushRefund
from integration.usecases.read_verdict import ReadVerdict
from integration.usecases.return_steps import AcceptReturn, CancelOnMirakl, CloseReturn, ReceiveReturn
from integration.usecases.send_stock import SendStock

ACTS: Final[dict[str, Act[Any, Any]]] = {
    act.kind: act
    for act in (
        AcceptOrder(),
        MapReturn(),
        AcceptReturn(),
        CreateReturn(),
        CancelReturn(),
        ReceiveReturn(),
        AssessReturn(),
        CloseReturn(),
        CancelOnMirakl(),
        ReadVerdict(),
        PushRefund(),
        AdjustStockMaster(),
        AwaitStockMaster(),
        SendStock(),
        FollowImport(),
    )
}
