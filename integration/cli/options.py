"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: an array of rows, or one object.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Show so many rows at most; without it, all.")]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this, only the plan is shown.")]
