"""RT21, RT25, RT26, RT27 and RT29: every step of a return, answered 200 with partial results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.records import MiraklReturn
from integration.sandbox.mirakl.refusals import body_of, refusal

if TYPE_CHECKING:
    from integration.sandbox.world import World

REJECTIONS = frozenset({f"RETURN_REJECTION_{each}" for each in ("NOT_ELIGIBLE", "NOT_NEEDED", "WINDOW_CLOSED")})
NON_COMPLIANCES = frozenset(
    f"RETURN_NON_COMPLIANT_{each}"
    for each in ("MISSING_ITEM", "WRONG_PRODUCT", "DAMAGED_PRODUCT", "WINDOW_CLOSED", "OTHER")
)
# What each step leads to, so that a step taken twice is told from one out of order.
_REACHED = {
    "RT21": ("IN_PROGRESS", "REFUSED", "RECEIVED", "CLOSED"),
    "RT25": ("RECEIVED", "CLOSED"),
    "RT26": ("CLOSED",),
    "RT27": ("CLOSED",),
    "RT29": ("CANCELED",),
}


class StepRefused(Exception):
    """One return of the call is not moved; its message goes into `return_errors`."""


def accept_returns(world: World, call: Call) -> Answer:
    """RT21: accept or refuse what is WAITING_ACCEPTANCE."""

    def step(each: MiraklReturn, entry: Mapping[str, Any]) -> None:
        if not isinstance(entry.get("accepted"), bool):
            raise StepRefused("The acceptance has not been specified")
        if entry.get("rejection_reason_code") not in (None, *REJECTIONS):
            raise StepRefused("The rejection reason is unknown")
        each.state = "IN_PROGRESS" if entry["accepted"] else "REFUSED"
        each.rejection_reason_code = entry.get("rejection_reason_code")

    return _steps(world, call, "RT21", ("WAITING_ACCEPTANCE",), step)


def receive_returns(world: World, call: Call) -> Answer:
    """RT25: the whole return has arrived."""

    def step(each: MiraklReturn, _entry: Mapping[str, Any]) -> None:
        each.state = "RECEIVED"

    return _steps(world, call, "RT25", ("IN_PROGRESS",), step)


def assess_returns(world: World, call: Call) -> Answer:
    """RT26: the compliance of every line of the return, once."""

    def step(each: MiraklReturn, entry: Mapping[str, Any]) -> None:
        given_lines = [line for line in entry.get("return_lines") or [] if isinstance(line, dict)]
        lines = {line.get("order_line_id"): line for line in given_lines}
        missing = [line.order_line_id for line in each.lines if line.order_line_id not in lines]
        if missing:
            named = ", ".join(missing)
            raise StepRefused(f"The compliance has not been specified on the following order lines: {named}")
        for line in lines.values():
            code = line.get("non_compliance_reason_code")
            if not isinstance(line.get("compliant"), bool) or code not in (None, *NON_COMPLIANCES):
                raise StepRefused("The compliance is malformed")
            if not line["compliant"] and code is None:
                raise StepRefused("The non compliance reason has not been specified")
        for assessed in each.lines:
            given = lines[assessed.order_line_id]
            assessed.compliance = [
                {
                    "compliant": given["compliant"],
                    "non_compliance_additional_info": given.get("non_compliance_additional_info"),
                    "non_compliance_reason_code": given.get("non_compliance_reason_code"),
                }
            ]

    return _steps(world, call, "RT26", ("RECEIVED",), step)


def close_returns(world: World, call: Call) -> Answer:
    """RT27: the end of a received return."""

    def step(each: MiraklReturn, _entry: Mapping[str, Any]) -> None:
        each.state = "CLOSED"

    return _steps(world, call, "RT27", ("RECEIVED",), step)


def cancel_returns(world: World, call: Call) -> Answer:
    """RT29: a return that will not come."""

    def step(each: MiraklReturn, _entry: Mapping[str, Any]) -> None:
        each.state = "CANCELED"

    return _steps(world, call, "RT29", ("WAITING_ACCEPTANCE", "IN_PROGRESS"), step)


def _steps(
    world: World,
    call: Call,
    operation: str,
    states: tuple[str, ...],
    step: Callable[[MiraklReturn, Mapping[str, Any]], None],
) -> Answer:
    """Take the step for each return of the call: a refused one does not stop the others (mirakl.md 4)."""
    entries = body_of(call, "returns")["returns"]
    if not 1 <= len(entries) <= 100 or not all(isinstance(entry, dict) and "id" in entry for entry in entries):
        raise refusal(400, "Error with field returns. Please check the field datatype.")
    moved: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for entry in entries:
        try:
            each = _movable(world, operation, states, str(entry["id"]))
            step(each, entry)
        except StepRefused as error:
            errors.append({"id": str(entry["id"]), "message": str(error)})
            continue
        each.updated = world.now()
        moved.append({"id": each.id})
    return Answer(body={"return_success": moved, "return_errors": errors})


def _movable(world: World, operation: str, states: tuple[str, ...], return_id: str) -> MiraklReturn:
    each = world.returns.get(return_id)
    if each is None:
        raise StepRefused("The return does not exist.")
    assessed = operation == "RT26" and each.lines[0].compliance is not None
    if each.state in states and not assessed:
        return each
    if assessed or each.state in _REACHED[operation]:
        world.books.repeated_return_steps += 1
    else:
        world.books.illegal_return_steps += 1
    raise StepRefused("Return is in invalid state")
