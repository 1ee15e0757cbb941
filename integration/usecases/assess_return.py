"""Tell Mirakl whether the lines of a return are compliant, or not and why (RT26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from integration.domain.returns import CLOSED, RECEIVED
from integration.domain.verdicts import NO_REASON
from integration.errors import Held
from integration.ledger.returns import lines_of
from integration.ledger.tables import Facts, Intent, ReturnLineRow
from integration.mirakl.client import LineCompliance, ReturnCompliance, ReturnResults
from integration.mirakl.wire import Return
from integration.usecases.acts import AlreadyThere
from integration.usecases.ports import Ports
from integration.usecases.return_steps import ReturnStep
from mappings import Mappings


@dataclass(frozen=True)
class Assessment:
    """What is said of every line, and the version of `reject_reasons.csv` that it was said with."""

    compliance: ReturnCompliance
    mapping_version: str


class AssessReturn(ReturnStep[Assessment]):
    """RT26: every line is compliant, or not and why. It has no state of its own: the lines carry it."""

    kind: ClassVar[str] = "assess_return"
    leads_to: ClassVar[str] = RECEIVED
    reached_by: ClassVar[frozenset[str]] = frozenset({CLOSED})

    def prepare(self, ports: Ports, intent: Intent) -> Assessment:
        with ports.ledger.read() as tx:
            # A line of no units is not in the return any more.
            lines = [line for line in lines_of(tx, intent.subject) if line.quantity > 0]
        tables = ports.mappings.current()
        try:
            compliance = ReturnCompliance(intent.subject, tuple(_assess(line, tables) for line in lines))
        except Held:
            self._if_done_by_hand(ports, intent)
            raise
        return Assessment(compliance, tables.version)

    def _if_done_by_hand(self, ports: Ports, intent: Intent) -> None:
        """:raises AlreadyThere: what cannot be told by the table, a person has told Mirakl."""
        found = self.find(ports, intent)
        if self.is_done(found):
            raise AlreadyThere(found.state)

    def plan(self, intent: Intent, prepared: Assessment) -> Facts:
        return {
            "mapping_version": prepared.mapping_version,
            "lines": [
                {
                    "order_line_id": line.order_line_id,
                    "non_compliance_reason_code": line.non_compliance_reason_code,
                }
                for line in prepared.compliance.lines
            ],
        }

    def call(self, ports: Ports, prepared: Sequence[Assessment]) -> ReturnResults:
        return ports.mirakl.assess_returns([one.compliance for one in prepared])

    def return_id(self, prepared: Assessment) -> str:
        return prepared.compliance.return_id

    def is_done(self, found: Return) -> bool:
        """Lines that RT11 leaves out say nothing: it is done when each line that it shows was assessed, of some."""
        assessed = [bool(line.compliance) for line in found.return_lines]
        return super().is_done(found) or (bool(assessed) and all(assessed))


def _assess(line: ReturnLineRow, tables: Mappings) -> LineCompliance:
    """RT26 knows lines and no units: a line with one rejected unit is not compliant."""
    if line.rejected == 0:
        return LineCompliance(line.order_line_id, compliant=True)
    reasons = (line.reject_reason or NO_REASON).split(",")
    codes = {reason: tables.reject_reasons.lookup(reason) for reason in reasons}
    unmapped = [reason for reason, code in codes.items() if code is None]
    if unmapped:
        raise Held(
            "unmapped_reject_reason",
            f"reject_reasons.csv has no row for {', '.join(unmapped)}: add it, then replay this return.",
            {"codes": unmapped, "mapping_version": tables.version},
        )
    if len(set(codes.values())) > 1:
        raise Held(
            "reject_reasons_differ",
            f"Units of line {line.order_line_id} were rejected for several reasons ({', '.join(reasons)}), and RT26 "
            "takes one for a line: assess the return on Mirakl by hand, then replay it.",
            {"reasons": reasons},
        )
    return LineCompliance(line.order_line_id, compliant=False, non_compliance_reason_code=codes[reasons[0]])
