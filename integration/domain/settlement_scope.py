"""What a reconciliation is about: the refunds made in a month, or those in one billing cycle. Months are in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from integration.domain.reconciliation import Reconciled
from integration.domain.settlement import AccountLine


@dataclass(frozen=True)
class Month:
    """A calendar month, from its first instant to the first of the next, which it does not contain."""

    name: str
    start: datetime
    end: datetime

    @classmethod
    def named(cls, name: str) -> Self:
        """The month of a name such as 2026-11.

        :raises ValueError: it names no month.
        """
        start = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
        following = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
        return cls(start.strftime("%Y-%m"), start, datetime(*following, 1, tzinfo=UTC))

    def holds(self, refund: Reconciled) -> bool:
        """Whether the refund is made in this month."""
        return self.start <= refund.made_at < self.end

    def settles(self, line: AccountLine) -> bool:
        """Whether the line's billing cycle is made in this month."""
        return line.billed_before(self.end) and not line.billed_before(self.start)


@dataclass(frozen=True)
class InCycle:
    """One billing cycle, by Mirakl's id of it."""

    name: str

    def holds(self, refund: Reconciled) -> bool:
        """Whether any line of the refund is in this cycle."""
        return any(map(self.settles, refund.lines))

    def settles(self, line: AccountLine) -> bool:
        """Whether the line is in this cycle."""
        return line.cycle_id == self.name


Scope = Month | InCycle
