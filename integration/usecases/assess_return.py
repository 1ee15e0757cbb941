"""Tell Mirakl whether the lines of a return are compliant, or not and why (RT26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from integration.domain.returns import CLOSED, RECEIVED
from integration.errors import Held
from integration.ledger.returns import lines_of
from integration.ledger.tables import Facts, Intent, ReturnLineRow
from integration.mirakl.client import LineCompliance, ReturnCompliance, ReturnResults
from integration.mirakl.wire import Return
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
        compliance = ReturnCompliance(intent.subject, tuple(_assess(line, tables) for line in lines))
        return Assessment(compliance, tables.version)

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
        return super().is_done(found) or all(line.compliance for line in found.return_lines)


def _assess(line: ReturnLineRow, tables: Mappings) -> LineCompliance:
    """RT26 knows lines and no units: a line with one rejected unit is not compliant."""
    if line.rejected == 0:
        return LineCompliance(line.order_line_id, compliant=True)
    reason = line.reject_reason or "(none)"
    code = tables.reject_reasons.lookup(reason)
    if code is None:
        raise Held(
            "unmapped_reject_reason",
            f"reject_reasons.csv has no row for {reason}: add it, then replay this return.",
            {"codes": [reason], "mapping_version": tables.version},
        )
    return LineCompliance(line.order_line_id, compliant=False, non_compliance_reason_code=code)
