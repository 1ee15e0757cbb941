"""The supervisor, on small real processes."""

from __future__ import annotations

import io
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from integration.fleet import child, supervisor
from integration.fleet.supervisor import Fleet
from tests.servers import wait_until

# Says that it is there, and ends at once when it is asked to, noting its name.
POLITE = """sh -c 'trap "echo $0 >> $NOTES; exit" TERM; echo ready; while :; do sleep 0.05; done' {name}"""
STUBBORN = """sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'"""
Start = Callable[..., Fleet]


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def make(output: io.StringIO, notes: Path) -> Iterator[Start]:
    made: list[Fleet] = []

    def fleet(lines: Mapping[str, str], watch: Callable[[], Iterable[str]] = tuple) -> Fleet:
        env = {**os.environ, "NOTES": str(notes)}
        made.append(Fleet(lines, env=env, output=output, watch=watch))
        return made[-1]

    yield fleet
    for one in made:
        one.stop()


@pytest.fixture
def start(make: Start) -> Start:
    def started(*args: object, **kwargs: object) -> Fleet:
        fleet = make(*args, **kwargs)
        fleet.start()
        return fleet

    return started


def wait_for(output: io.StringIO, words: str, times: int = 1) -> None:
    wait_until(lambda: output.getvalue().count(words) >= times, what=f"{times} times {words!r}")


def test_each_line_of_output_carries_the_name_of_its_process(start: Start, output: io.StringIO) -> None:
    start({"web": 'echo "notes go to $NOTES"; true', "polling": POLITE.format(name="polling")})
    wait_for(output, " web     | notes go to /")
    wait_for(output, " polling | ready")


def test_a_process_that_ends_is_started_again_later_each_time(start: Start, output: io.StringIO) -> None:
    start({"web": "false"})
    wait_for(output, "ended with code 1, starts again in 0.5 s")
    wait_for(output, "ended with code 1, starts again in 1 s")


def test_the_delay_has_a_bound(start: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LONGEST_DELAY", 0.6)
    start({"web": "false"})
    wait_for(output, "starts again in 0.6 s", times=2)


def test_a_process_that_lived_well_is_started_again_soon(
    start: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "HEALTHY_AGE", 0.0)
    start({"web": "false"})
    wait_for(output, "starts again in 0.5 s", times=3)


def test_a_stop_goes_from_what_brings_work_over_the_workers_to_the_onlooker(
    start: Start, output: io.StringIO, notes: Path
) -> None:
    fleet = start({name: POLITE.format(name=name) for name in ("flower", "refund", "beat")})
    wait_for(output, "| ready", times=3)
    fleet.stop()
    assert notes.read_text().split() == ["beat", "refund", "flower"]
    assert "is killed" not in output.getvalue()


def test_a_process_that_waits_to_be_started_again_stays_down_after_a_stop(start: Start, output: io.StringIO) -> None:
    fleet = start({"web": "false"})
    wait_for(output, "starts again")
    fleet.stop()
    assert output.getvalue().count("started as") == 1


def test_a_worker_is_asked_alone_so_that_its_children_finish_their_calls(
    start: Start, output: io.StringIO, notes: Path
) -> None:
    calls = "(sleep 0.5; echo call finished >> $NOTES) & call=$!; trap true TERM; echo ready; wait; wait $call"
    fleet = start({"refund": f"sh -c '{calls}'"})
    wait_for(output, "| ready")
    fleet.stop()
    assert notes.read_text() == "call finished\n"


def test_a_signal_ends_a_run_and_its_handlers_are_put_back(make: Start, output: io.StringIO) -> None:
    fleet = make({"refund": POLITE.format(name="refund")})
    before = signal.getsignal(signal.SIGTERM)

    def send() -> None:
        wait_for(output, "| ready")
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    assert fleet.run() == 0
    sender.join()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_fleet_that_is_stopped_before_it_runs_starts_nothing(make: Start, output: io.StringIO) -> None:
    fleet = make({"refund": POLITE.format(name="refund")})
    fleet.stop()
    assert fleet.run() == 0
    assert output.getvalue() == ""


def test_who_does_not_stop_is_killed_and_the_run_tells_so(
    make: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "WORKERS_MAY_TAKE", 0.3)
    fleet = make({"refund": STUBBORN})

    def send() -> None:
        wait_for(output, "| ready")
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    assert fleet.run() == 1
    sender.join()
    assert "does not stop, is killed" in output.getvalue()


def test_a_process_can_be_killed_and_comes_back(start: Start, output: io.StringIO) -> None:
    fleet = start({"refund": STUBBORN})
    wait_for(output, "| ready")
    fleet.restart("refund")
    wait_for(output, "hangs, is killed")
    wait_for(output, "ended with code -9")
    wait_for(output, "| ready", times=2)
    fleet.restart("refund")
    wait_for(output, "ended with code -9", times=2)


def test_a_process_that_is_down_anyway_may_be_restarted(start: Start, output: io.StringIO) -> None:
    fleet = start({"web": "false"})
    wait_for(output, "starts again")
    fleet.restart("web")
    wait_for(output, "started as", times=2)
    assert "is killed" not in output.getvalue()


def test_there_is_no_restart_of_what_is_not_in_the_fleet(make: Start) -> None:
    with pytest.raises(KeyError):
        make({"refund": "true"}).restart("refunds")


def test_what_the_watch_names_is_restarted(start: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "WATCH_EVERY", 0.05)
    monkeypatch.setattr(supervisor, "GRACE", 0.5)
    start({"refund": STUBBORN, "web": POLITE.format(name="web")}, watch=lambda: ["refund"])
    wait_for(output, "refund | -- ended with code -9")
    assert "web    | -- ended" not in output.getvalue()


def test_a_process_has_time_to_show_a_sign_of_life(
    start: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "WATCH_EVERY", 0.02)
    asked = itertools.count()
    start({"refund": POLITE.format(name="refund")}, watch=lambda: [("refund", next(asked))[0]])
    wait_until(lambda: next(asked) > 50, what="the watch")
    assert "hangs" not in output.getvalue()


def test_a_watch_that_fails_does_not_end_the_fleet(
    start: Start, output: io.StringIO, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "WATCH_EVERY", 0.02)

    def blind() -> Iterable[str]:
        raise ConnectionError

    start({"refund": POLITE.format(name="refund")}, watch=blind)
    wait_until(lambda: len(caplog.records) > 2, what="the watch")
    assert caplog.records[0].getMessage() == "cannot tell which processes hang"
    wait_for(output, "| ready")


SUPERVISED = """
import os
from integration.fleet.supervisor import Fleet
Fleet({"refund": "sleep 600"}, env=os.environ).run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_no_process_outlives_a_supervisor_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISED], stdout=subprocess.PIPE, text=True) as fleet:
        assert fleet.stdout is not None
        worker = int(fleet.stdout.readline().split()[-1])
        os.kill(worker, 0)
        fleet.kill()
    wait_until(lambda: not _runs(worker), what="the end of the worker")


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
