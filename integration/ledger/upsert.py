"""One row written down whether or not it is there: in one statement, so that of two writers neither fails."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.util import identity_key

from integration.ledger.store import Tx
from integration.ledger.tables import Base


def insert_into(tx: Tx, row: type[Base]) -> Any:
    """INSERT … ON CONFLICT, which both databases spell alike and SQLAlchemy does not."""
    on_sqlite = tx.session.get_bind().dialect.name == "sqlite"
    table = cast("Table", row.__table__)  # past the ORM, which would look at each of many thousand rows
    return sqlite.insert(table) if on_sqlite else postgresql.insert(table)


def columns_of(row: type[Base]) -> set[str]:
    return {column.name for column in row.__table__.columns}


def put(tx: Tx, row: type[Base], *, where: ColumnElement[bool] | None = None, **facts: Any) -> None:
    """Write the shop's row with this primary key down, over the one that is there.

    :param facts: every column without a default, but for the shop.
    :param where: true of a row that may be overwritten; another one stays as it is.
    """
    tx.session.flush()
    keys = _keys(row)
    insert = insert_into(tx, row).values(shop=tx.shop, **facts)
    changed = {name: insert.excluded[name] for name in facts if name not in keys}
    tx.session.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed, where=where))
    _look_again(tx, row, facts)


def put_new(tx: Tx, row: type[Base], **facts: Any) -> bool:
    """Write the shop's row with this primary key down where there is none; whether there was none."""
    tx.session.flush()
    insert = insert_into(tx, row).values(shop=tx.shop, **facts)
    written = insert.on_conflict_do_nothing(index_elements=_keys(row)).returning(insert.table.c.shop)
    return tx.session.execute(written).first() is not None


def _keys(row: type[Base]) -> list[str]:
    return [column.name for column in cast("Table", row.__table__).primary_key]


def _look_again(tx: Tx, row: type[Base], facts: dict[str, Any]) -> None:
    """Whoever has the row in hand sees what it is now."""
    key = identity_key(row, tuple({"shop": tx.shop, **facts}[name] for name in _keys(row)))
    if (known := tx.session.identity_map.get(key)) is not None:
        tx.session.expire(known)
