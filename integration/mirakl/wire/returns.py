"""Returns (RT*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import AliasChoices, Field

from integration.domain.facts import Moment
from integration.wire import Many, Wire, Word


class Compliance(Wire):
    """What was found when a line was assessed (RT26)."""

    compliant: bool | None = None
    non_compliance_reason_code: str | None = None


class ReturnLine(Wire):
    """Units of one order line that come back. `compliance` is empty until the line is assessed.

    A line without a quantity says nothing, so here the quantity is required.
    """

    order_line_id: str
    quantity: int
    reason_code: str | None = None
    compliance: Many[Compliance] = ()


class Tracking(Wire):
    """Where the parcel is. Real answers spell two names in camel case, whatever the schema says."""

    carrier_code: str | None = Field(None, validation_alias=AliasChoices("carrier_code", "carrierCode"))
    carrier_name: str | None = Field(None, validation_alias=AliasChoices("carrier_name", "carrierName"))
    tracking_number: str | None = None


class Return(Wire):
    """A return (RT11). `state` is empty where Mirakl leaves it out, and then no state that is known.

    RT11 may leave out a line's `reason_code` where the return as a whole has one.
    """

    id: str
    order_id: str
    order_commercial_id: str | None = None
    state: Word = ""
    date_created: Moment | None = None
    last_updated: Moment | None = None
    reason_code: str | None = None
    return_lines: Many[ReturnLine] = ()
    """Empty also where RT11 leaves the lines out: that there are none is never concluded from it."""
    tracking: Tracking | None = None

    def reason_of(self, line: ReturnLine) -> str | None:
        """The line's own reason, else the return's."""
        return line.reason_code or self.reason_code


@dataclass(frozen=True)
class LineCompliance:
    """Whether a line came back as it should have; `non_compliance_reason_code` where it did not."""

    order_line_id: str
    compliant: bool
    non_compliance_reason_code: str | None = None


@dataclass(frozen=True)
class ReturnCompliance:
    """A return with every one of its lines: RT26 refuses a return of which one is missing."""

    return_id: str
    lines: tuple[LineCompliance, ...]

    def document(self) -> dict[str, Any]:
        """The return as RT26 takes it."""
        lines = [{name: value for name, value in asdict(line).items() if value is not None} for line in self.lines]
        return {"id": self.return_id, "return_lines": lines}


class _ReturnError(Wire):
    id: str | None = None
    message: str | None = None


class _ReturnSuccess(Wire):
    id: str | None = None


class ReturnsAnswer(Wire):
    """The 200 of every write on returns, which may hold failures only."""

    return_success: Many[_ReturnSuccess] = ()
    return_errors: Many[_ReturnError] = ()


@dataclass(frozen=True)
class ReturnResults:
    """What became of each return that was asked for: it is in exactly one of the two."""

    succeeded: frozenset[str]
    errors: Mapping[str, str]
    """Mirakl's message by return id."""
