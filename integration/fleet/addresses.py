"""The addresses that a fleet's processes listen on, looked at before any of them is started."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from integration.errors import SettingsError
from integration.settings import Settings

LOOPBACK = "127.0.0.1"


def addresses(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str, int]]:
    """Setting, host and port of each: every setting that ends in _PORT, on the host of the same name or on loopback."""
    for name in type(settings).model_fields:
        if name.endswith("_port"):
            of = name.removesuffix("_port")
            # Flower's own name for it, which is no setting of ours.
            host = getattr(settings, f"{of}_host", None) or environment.get(f"{of.upper()}_ADDRESS") or LOOPBACK
            yield name.upper(), host, getattr(settings, name)


def require_free(settings: Settings) -> None:
    """:raises SettingsError: naming each setting whose address cannot be listened on, at once."""
    problems = []
    with ExitStack() as held:  # together, so that two settings with one port are noticed
        for name, host, port in addresses(settings):
            try:
                held.enter_context(_listening(host, port))
            except OSError as refused:
                problems.append(_sentence(name, host, port, refused))
    if problems:
        raise SettingsError(problems)


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # As the processes do it: what a server that has just ended leaves behind is no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener


def _sentence(name: str, host: str, port: int, refused: OSError) -> str:
    if refused.errno == errno.EADDRINUSE:
        return (
            f"{name} {port} is taken: another program listens on {host}:{port}, perhaps another fleet. "
            f"Stop it, or set {name} to a free port."
        )
    return f"{name} {port} on {host} is not usable ({refused.strerror}): choose another."
