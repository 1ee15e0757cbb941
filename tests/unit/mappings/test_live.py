from __future__ import annotations

from pathlib import Path

import pytest

import mappings
from integration.errors import MappingError
from mappings import LiveMappings, dump, load

HEADER = "reveni_sku,mirakl_offer_sku,bigcommerce_sku\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dump(load(mappings.FOLDER), tmp_path)
    return tmp_path


def test_an_edit_is_in_force_at_the_next_look(folder: Path) -> None:
    live = LiveMappings(folder, strict_skus=True, on_invalid=_never)
    assert live.current().skus.to_mirakl("R") is None
    (folder / "skus.csv").write_text(f"{HEADER}R,M,\n")
    assert live.current().skus.to_mirakl("R") == "M"
    assert live.current().skus.strict


def test_files_that_have_not_changed_are_not_read_again(folder: Path) -> None:
    live = LiveMappings(folder, on_invalid=_never)
    assert live.current() is live.current()


def test_an_edit_that_cannot_be_used_is_said_once_and_leaves_the_mappings_as_they_were(folder: Path) -> None:
    said: list[MappingError] = []
    live = LiveMappings(folder, on_invalid=said.append)
    before = live.current()
    (folder / "skus.csv").write_text(f"{HEADER}R,,\n")
    assert live.current() is before
    assert live.current() is before
    assert [error.problems for error in said] == [["skus.csv, line 2, column mirakl_offer_sku: is empty (found '')"]]
    (folder / "skus.csv").unlink()
    assert live.current() is before
    assert len(said) == 2
    (folder / "skus.csv").write_text(f"{HEADER}R,M,\n")
    assert live.current().skus.to_mirakl("R") == "M"
    assert len(said) == 2


def test_a_fleet_does_not_start_with_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MappingError):
        LiveMappings(tmp_path, on_invalid=_never)


def _never(error: MappingError) -> None:
    raise error
