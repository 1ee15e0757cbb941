"""`sandbox`: serves in the foreground, and prints what points a fleet at it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from integration.sandbox import SandboxClient
from tests.unit.cli.conftest import Backhaul


@pytest.mark.parametrize("words", [["--scale", "0.01", "--bigcommerce"], ["--json"]])
def test_it_prints_the_settings_serves_and_ends_on_ctrl_c(words: list[str]) -> None:
    command = [sys.executable, "-m", "integration.cli.main", "sandbox", "--port", "0", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as serving:
        assert serving.stdout is not None
        as_json = "--json" in words
        printed, end = "", "}" if as_json else "# New orders"
        while not printed.endswith("\n") or not printed.splitlines()[-1].startswith(end):
            line = serving.stdout.readline()
            assert line, printed
            printed += line
        variables = json.loads(printed) if as_json else exported(printed)
        assert variables["CALL_INTERVAL_SCALE"] == ("1.0" if as_json else "0.01")
        assert ("BIGCOMMERCE_TOKEN" in variables) == ("--bigcommerce" in words)
        assert SandboxClient(variables["MIRAKL_BASE_URL"]).calls() == []
        assert variables["REVENI_BASE_URL"] == f"{variables['MIRAKL_BASE_URL']}/merchants/v0"
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=30) == 0


def exported(printed: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export ")]
    return dict(line.split("=", 1) for line in lines)


def test_a_port_that_is_taken_is_wrong_usage(backhaul: Backhaul) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = backhaul("sandbox", "--port", taken.getsockname()[1])
    assert (result.exit_code, "cannot be used" in result.stderr) == (2, True)
