"""A certificate authority of a company's own, and a server on this machine that it vouches for."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Authority:
    """`ca_file` is what a client has to trust; `server` is what a server on loopback shows."""

    ca_file: Path
    server: ssl.SSLContext


def make_authority(folder: Path) -> Authority:
    """One with a key of its own, by the `openssl` of the machine; without that the test is skipped, and says so."""
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED WITH TLS: there is no openssl on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    new_key = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    of_ca = ["-x509", "-days", "2", "-subj", "/CN=A company", "-keyout", "ca.key", "-out", "ca.pem"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-x509", "-keyout", "server.key", "-out", "server.pem"]
    names = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    for command in ([*new_key, *of_ca], [*new_key, *signed, *names, "-addext", "basicConstraints=CA:FALSE"]):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Authority(folder / "ca.pem", server)
