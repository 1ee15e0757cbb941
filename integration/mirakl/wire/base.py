"""The base of the wire models, and the types they share."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

T = TypeVar("T")


class Wire(BaseModel):
    """Frozen and tolerant. An id that Mirakl prints as a number is a string here: ids are opaque."""

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
"""A list that may be null or missing, and is empty then; give it the default `()`."""

Word = Annotated[str, _instead_of_null("")]
"""A string that may be null or missing, and is empty then; give it the default `""`."""

Flag = Annotated[bool, _instead_of_null(False)]
"""A yes that must be said: null or missing is no; give it the default `False`."""
