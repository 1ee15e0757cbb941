"""`backhaul backup`: a copy of the ledger as it stands, while the fleet works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integration.cli.options import AsJson
from integration.cli.output import print_json, progress
from integration.cli.session import ledger_of
from integration.ledger.backup import PostgresBackup, back_up_sqlite, pages_of
from integration.ledger.readiness import require_current_tables
from integration.ledger.store import Ledger
from integration.settings import Settings
from integration.usecases.refusal import Refused


def backup(
    file: Annotated[Path, typer.Argument(help="Where the backup goes.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the ledger into one file, as it stands at one moment, and verify the copy. The fleet may go on working."""
    settings = Settings.load()
    target = file.resolve()
    if target.exists() and not force:
        raise Refused(f"{target} is there already: name another file, or give --force to overwrite it.")
    if not target.parent.is_dir():
        raise Refused(f"There is no folder {target.parent}: make it first.")
    with ledger_of(settings) as ledger:
        require_current_tables(ledger.engine)
        size = _of(ledger, target)
    if as_json:
        print_json({"file": str(target), "bytes": size, "verified": True})
    else:
        typer.echo(f"The ledger is in {target}: {size} bytes, verified. To go back to it: README, Back up and restore.")


def _of(ledger: Ledger, target: Path) -> int:
    engine = ledger.engine
    if engine.dialect.name == "sqlite":
        source = Path(engine.url.database or "")
        with progress(pages_of(source), "pages") as copied:
            return back_up_sqlite(source, target, progress=copied)
    dump = PostgresBackup(engine, target)
    if (why := dump.why_not()) is not None:
        raise Refused(f"{why} Run this where there is one, in the version of the server or newer:\n  {dump.shown}")
    typer.echo(dump.shown, err=True)
    return dump.run()
