"""What a column takes comes back as it was, and what it could not hold it refuses: the same on both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Integer, Numeric, insert, select

from integration.ledger.columns import Count, DoesNotFit, Money
from integration.ledger.fitting import row_misfits
from integration.ledger.tables import Base, CycleRow, MovementRow, RefundRow
from integration.money import plausible

FIGURES = st.decimals(allow_nan=False, allow_infinity=False) | st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(-exponent), st.integers(-(10**16), 10**16), st.integers(-3, 9)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(figure=FIGURES)
def test_an_amount_is_held_exactly_or_not_at_all(engine: Engine, figure: Decimal) -> None:
    """M11: 123456789012345 stopped the page on PostgreSQL, and 0.1234567 was stored as 0.123457."""
    with engine.connect() as connection:
        row = {"shop": "default", "cycle_id": "C-1", "transferred": figure}
        if not plausible(figure):
            assert row_misfits(CycleRow, row) == ["transferred is no plausible amount"]
            with pytest.raises(DoesNotFit):
                connection.execute(insert(CycleRow).values(row))
        else:
            assert row_misfits(CycleRow, row) == []
            connection.execute(insert(CycleRow).values(row))
            assert connection.scalar(select(CycleRow.transferred)) == figure


@pytest.mark.parametrize("units", [2**31 - 1, -(2**31 - 1), 0, 2**31, 10**30])
def test_a_number_of_units_is_held_or_refused(engine: Engine, units: int) -> None:
    """M11: SQLite would take what PostgreSQL refuses, up to where it raises itself."""
    with engine.connect() as connection:
        statement = select(MovementRow.id).where(MovementRow.quantity == units)
        if abs(units) < 2**31:
            assert connection.scalars(statement).all() == []
        else:
            with pytest.raises(DoesNotFit, match="implausible_figure"):
                connection.execute(statement)
    assert bool(row_misfits(RefundRow, {"quantity": units})) == (abs(units) >= 2**31)


def test_every_figure_of_every_table_is_of_a_type_that_refuses() -> None:
    """M11: no column of money or of units takes what the other database would not."""
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    assert sum(isinstance(column.type, Money | Count) for column in columns) > 20
    plain = {str(column) for column in columns if isinstance(column.type, Integer | Numeric)}
    assert plain == {"calls.id", "journal.id", "return_lines.id"}, "ours, and counted by the database"
