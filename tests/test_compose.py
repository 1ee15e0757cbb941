"""The compose file runs what the Procfile runs, and gives nothing away."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.fleet.procfile import load_procfile
from integration.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCFILE = load_procfile()
AROUND = {"redis", "postgres", "migrate"}
# What would move money, show orders or open a door.
SECRETS = {
    "MIRAKL_API_KEY",
    "REVENI_API_KEY",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "FLOWER_BASIC_AUTH",
}

# Where things are in the containers; what listens to other machines is said under `ports`.
FIXED = {"BACKHAUL_DATA_DIR", "MAPPINGS_DIR", "WEB_HOST", "WEB_PORT", "METRICS_HOST", "METRICS_PORT", "FLOWER_PORT"}


def test_every_line_of_the_procfile_is_a_service_and_every_other_service_is_known() -> None:
    assert set(SERVICES) == set(PROCFILE) | AROUND


@pytest.mark.parametrize("name", PROCFILE)
def test_a_service_runs_the_command_of_its_line(name: str) -> None:
    (command,) = SERVICES[name]["command"]
    assert command.replace("$$", "$") == PROCFILE[name]


@pytest.mark.parametrize("name", PROCFILE)
def test_a_service_waits_for_the_migrations_and_for_both_stores(name: str) -> None:
    waits = {other: wait["condition"] for other, wait in SERVICES[name]["depends_on"].items()}
    assert waits == {
        "redis": "service_healthy",
        "postgres": "service_healthy",
        "migrate": "service_completed_successfully",
    }


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_a_service_tells_whether_it_is_healthy_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name, line in PROCFILE.items() if " worker " in line])
def test_a_worker_is_asked_for_by_its_own_node_name(name: str) -> None:
    assert f"--destination={name}@" in SERVICES[name]["healthcheck"]["test"][1]


def test_redis_keeps_what_is_queued_and_refuses_what_does_not_fit() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_compose_does_not_start_without_its_secrets() -> None:
    used = re.findall(r"\$\{(\w+)(:[?-])?", (ROOT / "docker-compose.yml").read_text())
    assert {name for name, otherwise in used if otherwise == ":?"} >= SECRETS
    assert {otherwise for name, otherwise in used if name in SECRETS} == {":?"}


def test_only_the_web_process_is_reached_from_other_machines() -> None:
    """X3: neither the figures nor Flower are reached from there."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "web": ["${WEB_PORT:-8080}:8080", "127.0.0.1:${METRICS_PORT:-8081}:8081"],
        "flower": ["127.0.0.1:${FLOWER_PORT:-5555}:5555"],
    }


@pytest.mark.parametrize("name", [*PROCFILE, "migrate"])
def test_every_setting_arrives_in_every_container_and_nothing_else(name: str) -> None:
    """M3: what a seller sets has effect in production, such as REFUND_HOLD_ABOVE and ACCEPTANCE_UNKNOWN_SKU."""
    given: dict[str, Any] = SERVICES[name]["environment"]
    beside = {"FLOWER_ADDRESS"} if name == "flower" else set()
    assert set(given) - beside == {name.upper() for name in Settings.model_fields}
    for variable, value in given.items():
        taken = set(re.findall(r"\$\{(\w+)", str(value)))
        assert taken <= {variable, "POSTGRES_PASSWORD", "REDIS_PASSWORD"}, "one setting arrives as another"
        assert taken or variable in FIXED | beside, f"{variable} is set, and what a seller says is not asked"


@pytest.mark.parametrize("name", PROCFILE)
def test_a_service_keeps_what_the_fleet_notes_in_one_place(name: str) -> None:
    """M3: BACKHAUL_DATA_DIR is one volume for all containers, and the image makes it for its user alone."""
    assert "data:/var/lib/backhaul" in SERVICES[name]["volumes"]
    assert SERVICES[name]["environment"]["BACKHAUL_DATA_DIR"] == "/var/lib/backhaul"
    assert 'install -d -m 0700 -o backhaul "$BACKHAUL_DATA_DIR"' in (ROOT / "Dockerfile").read_text()


def test_volumes_that_are_named_are_those_that_are_used() -> None:
    """M3: both lists of volumes in the compose file."""
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {volume for volume in used if re.fullmatch(r"\w+", volume)} == set(COMPOSE["volumes"])


def test_the_image_expands_a_command_and_gives_it_its_own_place() -> None:
    (line,) = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("ENTRYPOINT")]
    entrypoint = json.loads(line.removeprefix("ENTRYPOINT "))
    with subprocess.Popen(
        [*entrypoint, """sh -c 'echo $$ "$1" $(umask)' "" "$FOLDER/state" """],
        env={"PATH": "/usr/bin:/bin", "FOLDER": "/data of beat"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=30)
    assert said == f"{process.pid} /data of beat/state 0077\n"
