"""Our own Mirakl, Reveni and BigCommerce over HTTP, for anyone without credentials.

`start_sandbox` runs one in a thread, `run_sandbox` in the foreground; `SandboxClient` makes things happen in
it and reads its books. `mirakl`, `reveni` and `bigcommerce` answer as the contract pages say, including what
hurts; `faults` is how they are told to misbehave.
"""

from integration.sandbox.client import ControlRefused, SandboxClient
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import RunningSandbox, run_sandbox, start_sandbox

__all__ = [
    "ControlRefused",
    "RunningSandbox",
    "SandboxClient",
    "SandboxOptions",
    "run_sandbox",
    "start_sandbox",
]
