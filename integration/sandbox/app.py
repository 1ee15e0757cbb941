"""The whole sandbox as one web application: three services and the control API on one port."""

from __future__ import annotations

from collections import defaultdict

from tornado.web import Application

from integration.sandbox.bigcommerce.operations import OPERATIONS as BIGCOMMERCE
from integration.sandbox.calls import Operation
from integration.sandbox.control import Control
from integration.sandbox.exchange import Exchange
from integration.sandbox.mirakl.operations import OPERATIONS as MIRAKL
from integration.sandbox.options import SandboxOptions
from integration.sandbox.reveni.operations import OPERATIONS as REVENI
from integration.sandbox.world import World

OPERATIONS: tuple[Operation, ...] = (*MIRAKL, *REVENI, *BIGCOMMERCE)


class Sandbox:
    """Holds the world of the moment; a reset replaces it whole."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self.world = World(options)

    def reset(self) -> None:
        self.world.stop()
        self.world = World(self._options)


def make_app(options: SandboxOptions) -> tuple[Application, Sandbox]:
    """The application and what it keeps. Timers run in the event loop that serves it."""
    sandbox = Sandbox(options)
    paths: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.pattern][operation.verb] = operation
    routes = [
        (pattern, Exchange, {"world": lambda: sandbox.world, "operations": operations})
        for pattern, operations in paths.items()
    ]
    control = (
        r"/sandbox/(?P<act>\w+)",
        Control,
        {"world": lambda: sandbox.world, "reset": sandbox.reset},
    )
    # Tornado's own access log would hold query strings, and says nothing that the books do not.
    return Application([control, *routes], log_function=lambda _exchange: None), sandbox
