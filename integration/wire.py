"""What all wire models share: their base, their types, and how lists of them are read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from integration.answers import Operation, misfits

log = logging.getLogger(__name__)

T = TypeVar("T")


class Wire(BaseModel):
    """Frozen and tolerant. An id that is printed as a number is a string here: ids are opaque."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


def _instead_of_null(default: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: default if value is None else value)


Many = Annotated[tuple[T, ...], _instead_of_null(())]
"""A list that may be null or missing, and is empty then; give it the default `()`. Only where nothing is concluded from
what is not in it."""

Listed = tuple[T, ...]
"""A list from whose gaps something is concluded. It must be there: null or missing is an answer that does not fit."""

Word = Annotated[str, _instead_of_null("")]
"""A string that may be null or missing, and is empty then; give it the default `""`."""

Flag = Annotated[bool, _instead_of_null(False)]
"""A yes that must be said: null or missing is no; give it the default `False`."""

Item = TypeVar("Item", bound=Wire)


def readable(operation: Operation, documents: Iterable[Mapping[str, Any]], model: type[Item]) -> list[Item]:
    """The documents as models; one that does not fit is reported and left out, so that it delays no other."""
    items, unreadable = [], {}
    for document in documents:
        try:
            items.append(model.model_validate(document))
        except ValidationError as error:
            unreadable[document.get("id", document.get("order_id"))] = misfits(error)
    for key, misfit in unreadable.items():
        log.error("%s shows %s %s, which does not fit: %s", operation.code, model.__name__, key, misfit)
    return items


def instant(moment: datetime) -> str:
    """An aware moment as a query takes it: UTC, whole seconds, never later than the moment."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
