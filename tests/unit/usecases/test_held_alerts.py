"""A code that is not mapped is told once, however many returns it holds; mended and broken again, it is news again."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from integration.ledger.returns import get_return
from integration.sandbox import SandboxClient
from integration.usecases.poll_returns import poll_returns
from integration.usecases.replay import replay
from mappings import FOLDER
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, until_held

ROW = "RETURN_HAUNTED,other,quarantine,17,none,quarantine,\n"


@pytest.fixture
def reasons(tmp_path: Path) -> Path:
    """The table of return reasons in force."""
    folder = shutil.copytree(FOLDER, tmp_path / "tables", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Path(folder) / "return_reasons.csv"


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient, reasons: Path, database_url: str) -> Lane:
    return Lane(start_fleet(database_url, mappings_dir=reasons.parent), sandbox)


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The alerts about held cases, which Sentry gets as errors."""
    told = [record for record in caplog.records if getattr(record, "alert", None) == "held"]
    assert {record.levelno for record in told} <= {logging.ERROR}
    return [str(getattr(record, "reason", "")) for record in told]


def hold(lane: Lane, *codes: str, reason: str = "unmapped_return_reason") -> list[Parcel]:
    parcels = [lane.send_back(reason=code) for code in codes]

    def all_held() -> bool:
        poll_returns(lane.fleet.ports)
        return all(known(lane, parcel) and held_for(lane, parcel) == reason for parcel in parcels)

    lane.until(all_held)
    return parcels


def known(lane: Lane, parcel: Parcel) -> bool:
    with lane.fleet.ports.ledger.read() as tx:
        return get_return(tx, parcel.return_id) is not None


def test_many_returns_of_one_unmapped_reason_are_one_alert_and_a_review_each(
    lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    parcels = hold(lane, "RETURN_HAUNTED", "RETURN_HAUNTED", "RETURN_HAUNTED")
    assert alerts(caplog) == ["unmapped_return_reason"]
    assert [held_for(lane, parcel) for parcel in parcels] == ["unmapped_return_reason"] * 3
    hold(lane, "RETURN_CURSED")
    assert len(alerts(caplog)) == 2, "another code is news"
    assert "zzcanary" not in caplog.text.lower()


def test_a_reason_that_was_mapped_and_is_unmapped_again_is_told_again(
    lane: Lane, reasons: Path, caplog: pytest.LogCaptureFixture
) -> None:
    [first] = hold(lane, "RETURN_HAUNTED")
    shipped = reasons.read_text()
    reasons.write_text(shipped + ROW)
    replay(lane.fleet.ports, "return", first.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(first) is not None)
    reasons.write_text(shipped)
    hold(lane, "RETURN_HAUNTED")
    assert len(alerts(caplog)) == 2


def test_a_row_that_nothing_was_mapped_with_mends_its_reason_too(
    lane: Lane, reasons: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hold(lane, "RETURN_HAUNTED")
    shipped = reasons.read_text()
    reasons.write_text(shipped + ROW)
    lane.arrive(lane.send_back())
    reasons.write_text(shipped)
    hold(lane, "RETURN_HAUNTED")
    assert len(alerts(caplog)) == 2


def test_a_refund_reason_that_mirakl_forbids_is_one_alert_until_it_is_allowed(
    lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    allowed = {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": True}
    lane.sandbox.set_reasons([{**allowed, "is_shop_right": False}])
    first, _ = hold(lane, "RETURN_CHANGED_MIND", "RETURN_BROKEN_ITEM", reason="illegal_refund_reason")
    assert alerts(caplog) == ["illegal_refund_reason"]
    lane.sandbox.set_reasons([allowed])
    replay(lane.fleet.ports, "return", first.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(first) is not None)


def test_an_unmapped_rejection_is_one_alert(lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
    rejections = lane.fleet.settings.mappings_dir / "reject_reasons.csv"
    rejections.write_text("".join(f"{line}\n" for line in rejections.read_text().splitlines() if "delay" not in line))
    parcels = [lane.send_back() for _ in range(2)]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, rejected=1, reject_reason="delay")
        until_held(lane, parcel, "unmapped_reject_reason")
    assert alerts(caplog) == ["unmapped_reject_reason"]
