"""The log: one line per record on standard error, with what was given in `extra` as key=value."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from integration.errors import BackhaulError
from integration.outages import Repeats, causes, is_outage
from integration.settings import Settings

# They report every connection and every envelope, which says nothing about an order or a refund.
NOISY = ("urllib3", "sentry_sdk", "alembic")

BEAT = "celery.beat"
OURS = ("tasks.polling", "tasks.bell")
TELL_EACH_ATTEMPT = (BEAT, "celery.worker.consumer.consumer", "celery.app.trace", "kombu.connection", *OURS)

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
# A body, a row or a person is not one of these: only plain facts reach the log.
Fact = str | int | float | Decimal | UUID | date | None


class LineFormatter(logging.Formatter):
    """`2026-01-02T10:00:00.000Z INFO integration.x: refund confirmed refund_id=… outcome=confirmed`.

    Of an error that is not our own, only the type and the place are shown: its words may quote a shopper.
    """

    def __init__(self, **every_line: Fact) -> None:
        super().__init__()
        self._every_line = every_line

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, times in UTC."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        error = record.exc_info[1] if record.exc_info else None
        message = " ".join(_message(record, error).split())
        facts = {key: value for key, value in record.__dict__.items() if key not in STANDARD}
        if error is not None:
            facts |= {"error": _named(error), "at": _place(error)}
        words = [
            f"{key}={_quoted(value)}" for key, value in (facts | self._every_line).items() if isinstance(value, Fact)
        ]
        return " ".join([time.replace("+00:00", "Z"), record.levelname, f"{record.name}:", message, *words])


class OncePerOutage(logging.Filter):
    """Of the errors of one outage, one line and one event: a filter on the loggers that tell of each attempt."""

    def __init__(self, repeats: Repeats | None = None) -> None:
        super().__init__()
        self._repeats = repeats or Repeats()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; how many were not since the last one stands beside it."""
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno < logging.WARNING or (error is not None and not is_outage(error)):
            return True
        if record.name == BEAT and error is not None:  # with the stack of Beat's own loop, for every ring
            root = type(list(causes(error))[-1]).__name__
            record.msg, record.args, record.exc_info = "the broker takes no rings: %s", (root,), None
        kind = type(error).__name__ if error is not None else str(record.args) if record.name in OURS else ""
        left_out = self._repeats.left_out((record.name, record.msg, kind))
        if left_out:
            record.left_out = left_out
        return left_out is not None


def configure(settings: Settings | None = None) -> None:
    """Send every logger's records from INFO on to standard error, replacing whatever was set up before.

    With a shop in the settings every line names it, since several fleets may share one log.
    """
    shop = {"shop": settings.mirakl_shop_id} if settings is not None and settings.mirakl_shop_id else {}
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(**shop))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in TELL_EACH_ATTEMPT:
        logger = logging.getLogger(name)
        if not any(isinstance(one, OncePerOutage) for one in logger.filters):
            logger.addFilter(OncePerOutage())


def _message(record: logging.LogRecord, error: BaseException | None) -> str:
    if error is None or isinstance(error, BackhaulError) or not isinstance(record.args, Mapping):
        return record.getMessage()
    # Celery puts the error's own words into its message, under this name.
    return str(record.msg) % {**record.args, "exc": type(error).__name__}


def _named(error: BaseException) -> str:
    name = " from ".join(type(link).__name__ for link in causes(error))
    return f"{name}: {error}" if isinstance(error, BackhaulError) else name


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _quoted(value: Fact) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=\n\t') else text
