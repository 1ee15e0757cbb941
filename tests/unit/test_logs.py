"""Log lines: plain facts on one line, and nobody's words but ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from integration.errors import OutcomeUnknown
from integration.logs import BEAT, LineFormatter, OncePerOutage, configure
from integration.outages import Repeats
from integration.settings import Settings

LOG = logging.getLogger("integration.example")
SHOPPER = "zz.canary@example.com"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    written: list[str] = []

    class ToList(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = ToList()
    handler.setFormatter(LineFormatter(shop="2001"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    yield written
    LOG.removeHandler(handler)


def record_of(error: Exception) -> Any:
    try:
        raise error
    except type(error) as raised:
        return raised


def test_a_line_holds_the_time_in_utc_the_level_the_message_and_the_facts() -> None:
    record = logging.makeLogRecord(
        {
            "name": "tasks.refund",
            "levelname": "INFO",
            "created": 1767348000.5,
            "msg": "refund %s confirmed",
            "args": ("r1",),
            "refund_id": UUID(int=1),
            "amount": "12.50 GBP",
        }
    )
    assert LineFormatter().format(record) == (
        "2026-01-02T10:00:00.500Z INFO tasks.refund: refund r1 confirmed "
        'refund_id=00000000-0000-0000-0000-000000000001 amount="12.50 GBP"'
    )


def test_the_shop_is_named_on_every_line(lines: list[str]) -> None:
    LOG.info("done")
    assert lines[0].endswith("done shop=2001")


def test_a_record_is_one_line_whatever_it_says(lines: list[str]) -> None:
    LOG.info("first\nsecond", extra={"fact": "a\nb", "nothing": ""})
    assert len(lines[0].splitlines()) == 1
    assert r'fact="a\nb" nothing=""' in lines[0]


def test_a_body_given_as_a_fact_is_left_out(lines: list[str]) -> None:
    LOG.info("order", extra={"order": {"customer": SHOPPER}, "emails": [SHOPPER]})
    assert SHOPPER not in lines[0]


def test_our_own_errors_say_what_happened(lines: list[str]) -> None:
    error = OutcomeUnknown("OR28 was sent and not answered")
    error.__cause__ = TimeoutError(SHOPPER)
    LOG.error("refund", exc_info=record_of(error))
    assert 'error="OutcomeUnknown from TimeoutError: OR28 was sent and not answered"' in lines[0]
    assert 'at="test_logs.py:' in lines[0]
    assert SHOPPER not in lines[0]


def test_errors_of_others_are_named_without_their_words(lines: list[str]) -> None:
    LOG.error("order", exc_info=record_of(KeyError(SHOPPER)))
    assert "error=KeyError" in lines[0]
    assert SHOPPER not in lines[0]


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [(False, "OutcomeUnknown from KeyError: no answer"), (True, "OutcomeUnknown: no answer")],
)
def test_what_an_error_was_raised_over_is_named_unless_it_was_hidden(
    lines: list[str], hidden: bool, shown: str
) -> None:
    error = OutcomeUnknown("no answer")
    error.__context__ = KeyError(SHOPPER)
    error.__suppress_context__ = hidden
    LOG.error("refund", exc_info=record_of(error))
    assert f'error="{shown}"' in lines[0]


def test_celerys_report_of_a_failed_task_leaves_out_the_errors_words(lines: list[str]) -> None:
    error = record_of(ValueError(SHOPPER))
    context = {"name": "refund.push", "id": "1", "exc": repr(error)}
    LOG.error("\nTask %(name)s[%(id)s] raised: %(exc)s\n", context, exc_info=error, extra={"data": context})
    assert "Task refund.push[1] raised: ValueError error=ValueError" in lines[0]
    assert SHOPPER not in lines[0]


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    root, noisy = logging.getLogger(), logging.getLogger("urllib3")
    before = (root.handlers[:], root.level, noisy.level)
    for handler in before[0]:
        root.removeHandler(handler)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    noisy.setLevel(before[2])


@pytest.mark.usefixtures("untouched_logging")
def test_everything_from_info_on_goes_to_standard_error_but_the_noise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        mirakl_base_url="https://example.mirakl.net",
        mirakl_api_key="k",
        mirakl_shop_id="2001",
        reveni_store_id="s",
        reveni_api_key="k",
    )
    configure(settings)
    logging.getLogger("integration").info("said")
    logging.getLogger("integration").debug("whispered")
    logging.getLogger("urllib3.connectionpool").info("connected")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("INFO integration: said shop=2001\n")
    assert len(captured.err.splitlines()) == 1


@pytest.mark.usefixtures("untouched_logging")
def test_without_settings_no_shop_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    logging.getLogger("integration").warning("said")
    assert capsys.readouterr().err.endswith("WARNING integration: said\n")


def test_the_errors_of_one_outage_are_one_line(lines: list[str]) -> None:
    """S6: Beat's stack for every ring of half a minute is one line; a new outage is another, another error its own."""
    passed = [0.0]
    beat, attempts = logging.getLogger(BEAT), OncePerOutage(Repeats(lambda: passed[0]))

    def fails(error: Exception, seconds: float = 0.25) -> bool:
        passed[0] += seconds
        scheduling = RuntimeError("Couldn't apply scheduled task")
        scheduling.__cause__ = error
        raised = (RuntimeError, scheduling, None)
        words = ("Message Error: %s\n%s", ("x", ["a stack"] * 40), raised)
        record = beat.makeRecord(BEAT, logging.ERROR, __file__, 1, *words)
        told = attempts.filter(record)
        if told:
            lines.append(LineFormatter().format(record))
        return told

    assert [fails(ConnectionRefusedError()) for _ in range(120)] == [True, *[False] * 119]
    assert fails(ConnectionRefusedError(), seconds=61)
    assert fails(ZeroDivisionError())
    assert [line.partition(" ")[2] for line in lines][:2] == [
        "ERROR celery.beat: the broker takes no rings: ConnectionRefusedError",
        "ERROR celery.beat: the broker takes no rings: ConnectionRefusedError left_out=119",
    ]
    assert sum(fails(ConnectionRefusedError(), seconds=5) for _ in range(360)) == 3  # of half an hour
