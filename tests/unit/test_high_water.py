"""The mark outside the ledger: it only grows, whoever raises it, and one of its two places may fail."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from integration.domain.high_water import Mark
from integration.high_water import HighWaterMark, MarkFile, MarkInBroker, MarkUnavailable, high_water_mark

LEDGER = uuid.uuid4()
NOBODY_LISTENS = "redis://127.0.0.1:9/0"


def mark(sends: int, *, ledger_id: uuid.UUID = LEDGER, epoch: int = 0) -> Mark:
    return Mark(ledger_id=ledger_id, epoch=epoch, sends=sends, last_send=uuid.uuid4(), at=datetime.now(UTC))


@pytest.fixture
def marks(tmp_path: Path, broker_url: str) -> HighWaterMark:
    return high_water_mark(tmp_path / "data", "shop", broker_url)


def test_a_mark_is_kept_in_both_places_and_its_file_is_its_owners_alone(
    marks: HighWaterMark, tmp_path: Path, broker_url: str
) -> None:
    """M2: neither a lost data folder nor an emptied broker takes the mark away."""
    assert marks.raise_to(mark(3)) is None
    file = tmp_path / "data" / "shop.mark.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.sends for one in marks.read()] == [3, 3]
    with Redis.from_url(broker_url) as client:
        client.flushall()
    assert [one.sends for one in marks.read()] == [3]
    assert marks.raise_to(latest := mark(4)) is None
    file.unlink()
    assert marks.read() == [latest]
    assert marks.raise_to(latest.model_copy(update={"at": datetime.now(UTC)})) is None  # as every sweep does
    assert [one.sends for one in marks.read()] == [4, 4]


def test_a_mark_never_goes_back_and_says_what_stands_in_the_way(marks: HighWaterMark) -> None:
    """M1, M2: an older ledger, or another one, is told of the mark that it may not replace; a person's word may."""
    marks.raise_to(high := mark(7))
    assert marks.raise_to(high) is None
    assert marks.raise_to(mark(6)) == high
    assert marks.raise_to(mark(8, ledger_id=uuid.uuid4())) == high
    assert [one.sends for one in marks.read()] == [7, 7]
    decided = mark(2, ledger_id=uuid.uuid4(), epoch=1)
    assert marks.raise_to(decided) is None
    assert marks.read() == [decided, decided]


def test_of_many_who_raise_it_at_once_the_highest_stands(marks: HighWaterMark) -> None:
    """M2: two processes that race leave the higher mark, in the file and in the broker."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda sends: marks.raise_to(mark(sends)), [*range(1, 25), *range(24, 0, -1)]))
    assert [one.sends for one in marks.read()] == [24, 24]


def test_one_place_may_fail_and_both_may_not(tmp_path: Path, broker_url: str) -> None:
    """M2: a broker that is down, or a disk that is full, stops no sending; where both are, nothing is sent."""
    (tmp_path / "in-the-way").write_text("")
    file, no_file = MarkFile(tmp_path / "data", "shop"), MarkFile(tmp_path / "in-the-way", "shop")
    broker, no_broker = MarkInBroker(broker_url, "shop"), MarkInBroker(NOBODY_LISTENS, "shop")
    for places in ((file, no_broker), (no_file, broker)):
        marks = HighWaterMark(places)
        assert marks.raise_to(mark(2)) is None
        assert [one.sends for one in marks.read()] == [2]
    with pytest.raises(MarkUnavailable):
        HighWaterMark((no_file, no_broker)).raise_to(mark(3))


def test_what_is_no_mark_is_never_overwritten(tmp_path: Path) -> None:
    """M2: a file that cannot be read may be a newer version's mark: it says nothing, and nothing is sent past it."""
    file = MarkFile(tmp_path, "shop")
    file.path.write_text('{"newer": true}')
    marks = HighWaterMark((file,))
    assert marks.read() == []
    with pytest.raises(MarkUnavailable):
        marks.raise_to(mark(1))
    assert file.path.read_text() == '{"newer": true}'
