"""The log: one line per record on standard error, with what was given in `extra` as key=value."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from integration.errors import BackhaulError
from integration.settings import Settings

# They report every connection and every envelope, which says nothing about an order or a refund.
NOISY = ("urllib3", "sentry_sdk", "alembic")

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


def _message(record: logging.LogRecord, error: BaseException | None) -> str:
    if error is None or isinstance(error, BackhaulError) or not isinstance(record.args, Mapping):
        return record.getMessage()
    # Celery puts the error's own words into its message, under this name.
    return str(record.msg) % {**record.args, "exc": type(error).__name__}


def _named(error: BaseException) -> str:
    name = " from ".join(type(link).__name__ for link in _causes(error))
    return f"{name}: {error}" if isinstance(error, BackhaulError) else name


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _quoted(value: Fact) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=\n\t') else text
