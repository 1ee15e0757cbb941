"""What is installed: the wheel and the locks, which hold what runs and nothing beside it."""

from __future__ import annotations

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

from tests.contract.schemas import described

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHIPPED = ("integration", "tasks", "mappings")
GROUPS = {"build": "requirements-build.lock", "dev": "requirements-dev.lock"}


def locked(name: str) -> dict[str, str]:
    """Release by library, extras left out."""
    pins = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {library.lower(): release for library, release in pins}


def asked_for(group: str) -> set[str]:
    """Libraries that a dependency group names, those of the groups within it included."""
    names: set[str] = set()
    for entry in PROJECT["dependency-groups"][group]:
        names |= asked_for(entry["include-group"]) if isinstance(entry, dict) else {Requirement(entry).name.lower()}
    return names


def test_the_wheel_ships_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """I1: Procfile, mappings, templates and migrations are in the wheel; tests and bench are not."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    # Also files that are new and not committed yet.
    kept = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SHIPPED]
    ours = subprocess.run(kept, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert held == {"integration/Procfile", *(name for name in ours if (ROOT / name).exists())}


def test_what_runs_is_locked_apart_from_what_tests_and_builds_it() -> None:
    """I1: three locks, each with what pyproject.toml asks for, name one release of each library."""
    runs, tests, builds = (
        locked("requirements.lock"),
        locked("requirements-dev.lock"),
        locked("requirements-build.lock"),
    )
    assert runs.items() <= tests.items()
    assert builds.items() <= tests.items()
    assert {Requirement(one).name.lower() for one in PROJECT["project"]["dependencies"]} <= set(runs)
    assert asked_for("build") <= set(builds)
    assert asked_for("dev") <= set(tests)
    assert not asked_for("dev") & set(runs), "a tool of the developers is installed where Backhaul runs"
    assert [Requirement(one).name for one in PROJECT["build-system"]["requires"]] == sorted(asked_for("build"))


def test_a_library_that_celery_imports_without_asking_for_it_is_locked() -> None:
    """I1: kombu's transport for Redis imports `packaging`, which only its extra names."""
    assert "packaging" in locked("requirements.lock")


def test_the_image_installs_what_runs() -> None:
    """I1: no pytest, mypy or mutmut in the image."""
    *_, final = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    assert re.findall(r"requirements[\w-]*\.lock", final) == ["requirements.lock"] * 2


def test_the_image_copies_what_the_context_lets_through() -> None:
    """M3: Dockerfile and .dockerignore name the same files, and the folders that the wheel ships are among them."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == set(let_through)
    assert set(SHIPPED) <= set(let_through)
    assert all((ROOT / name).exists() for name in let_through)


def test_every_tool_looks_at_the_packages_that_are_shipped() -> None:
    """M3: one list of packages, wherever pyproject.toml repeats it."""
    tool = PROJECT["tool"]
    assert tool["hatch"]["build"]["targets"]["wheel"]["packages"] == list(SHIPPED)
    assert tool["importlinter"]["root_packages"] == list(SHIPPED)
    assert tool["coverage"]["run"]["source"] == list(SHIPPED)
    assert tool["mypy"]["packages"] == [*SHIPPED, "tests", "bench"]
    assert set(tool["mutmut"]["source_paths"]) < set(SHIPPED)


def test_where_money_is_counted_there_are_files() -> None:
    """M3: every pattern of the Makefile's MONEY and every file that mutmut changes is there."""
    patterns = ",".join(re.findall(r"^MONEY := (?:\$\(MONEY\),)?(\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    names = [*patterns.split(","), *PROJECT["tool"]["mutmut"]["only_mutate"]]
    assert [name for name in names if not list(ROOT.glob(name))] == []


def test_every_target_is_there_and_told_to_make() -> None:
    """M3: Makefile's .PHONY and its targets, and the targets that README and CI name."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()) == targets
    named = re.findall(r"(?:`|^|\$ )make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    in_ci = re.findall(r"make ([a-z -]+)", (ROOT / ".ci" / "run").read_text())
    assert {*named, *(word for words in in_ci for word in words.split())} <= targets


def test_without_mirakls_description_the_screen_says_where_it_is_and_what_points_to_it(tmp_path: Path) -> None:
    """I2: the skip names the address and MIRAKL_OPENAPI; a path that is wrong is no reason to skip."""
    with pytest.raises(pytest.skip.Exception, match=r"developer\.mirakl\.com.*MIRAKL_OPENAPI"):
        described(None, tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="MIRAKL_OPENAPI"):
        described(str(tmp_path / "nothing"), ROOT / "README.md")
    assert described(None, ROOT / "README.md") == ROOT / "README.md"
    assert described(str(ROOT / "Makefile"), tmp_path / "nothing") == ROOT / "Makefile"
