"""Addresses that are taken are named before anything is started; whose web process answers is looked at."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.cli.up import missing
from integration.errors import SettingsError
from integration.fleet import launch as launching
from integration.fleet.addresses import addresses, require_free
from integration.fleet.environment import FLEET_HEADER
from integration.fleet.launch import launch
from integration.fleet.sole import DataFolderUnusable, sole_fleet
from integration.settings import Settings
from tests.scripted_server import ScriptedServer, answer
from tests.servers import free_port
from tests.unit.http.calls import says


def settings_with(tmp_path: Path, **over: object) -> Settings:
    facts = {
        "mirakl_base_url": "https://example.mirakl.net", "mirakl_api_key": "k", "reveni_store_id": "s",
        "reveni_api_key": "k", "backhaul_data_dir": tmp_path / "data", **free_ports(), **over,
    }  # fmt: skip
    return Settings.model_validate(facts)


def free_ports() -> dict[str, int]:
    return {name: free_port() for name in Settings.model_fields if name.endswith("_port")}


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield int(somebody.getsockname()[1])


def test_every_port_that_is_a_setting_is_looked_at(tmp_path: Path) -> None:
    """S8: a setting that is added later, too."""
    settings = settings_with(tmp_path, web_host="127.0.0.2")
    told = {name: (host, port) for name, host, port in addresses(settings, {"FLOWER_ADDRESS": "10.0.0.5"})}
    assert set(told) == {name.upper() for name in Settings.model_fields if name.endswith("_port")}
    assert told["WEB_PORT"] == ("127.0.0.2", settings.web_port)
    assert told["FLOWER_PORT"] == ("10.0.0.5", settings.flower_port)
    require_free(settings)


def test_a_port_that_is_taken_is_named_before_anything_is_started(
    tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S8: a second `up` on the ports of a first one starts nothing, neither a ledger nor a broker."""
    monkeypatch.setattr(launching, "EmbeddedBroker", None)
    with pytest.raises(SettingsError) as refused:
        launch(settings_with(tmp_path, web_port=taken, flower_port=taken), output=io.StringIO()).__enter__()
    assert [problem.split(" is taken")[0] for problem in refused.value.problems] == [
        f"WEB_PORT {taken}", f"FLOWER_PORT {taken}",
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["up.lock"]


def test_two_settings_with_one_port_and_a_host_that_is_not_ours_are_named(tmp_path: Path) -> None:
    """S8: what only shows when both processes run."""
    port = free_port()
    with pytest.raises(SettingsError, match=f"FLOWER_PORT {port} is taken"):
        require_free(settings_with(tmp_path, web_port=port, flower_port=port))
    with pytest.raises(SettingsError, match=r"on 192\.0\.2\.1 is not usable"):
        require_free(settings_with(tmp_path, web_host="192.0.2.1"))


def test_only_the_answer_of_its_own_web_process_counts(tmp_path: Path) -> None:
    """S8: another fleet's "ready" on the same port is none."""
    body = b'{"ready": true, "missing": []}'
    for whose, expected in (("ours", []), ("theirs", None)):
        head, _, rest = answer(body=body).partition(b"\r\n")
        told = b"\r\n".join([head, f"{FLEET_HEADER}: {whose}".encode(), rest])
        with ScriptedServer(says(told)) as server:
            settings = settings_with(tmp_path, web_port=int(server.url.rpartition(":")[2]))
            assert missing(settings, fleet_id="ours") == expected
            assert missing(settings) == []
    assert missing(settings_with(tmp_path)) is None


def test_a_data_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """S10: `up` says what to do instead of a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderUnusable, match="set BACKHAUL_DATA_DIR to another folder"):
        sole_fleet(tmp_path / "file" / "data").__enter__()
