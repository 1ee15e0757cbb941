"""The `backhaul` command: every family of commands, and what becomes of an error.

Exit codes: 0 done, 1 nothing matched or the other side refused, 2 wrong usage, settings or mappings.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from integration.cli.rooms import Rooms
from integration.errors import BackhaulError, CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable
from integration.usecases.refusal import Refused

REFUSED = (Refused, Rejected, Retryable, OutcomeUnknown, Held)
"""The case, or the other side, does not allow it now. Any other error of ours is about the setup."""


class Commands(TyperGroup):
    """Ends in a sentence and an exit code where a command ends in an error of ours."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.commands = Rooms()  # type: ignore[assignment]  # nobody adds one later

    def list_commands(self, ctx: Any) -> list[str]:
        """Names alone, for whoever mistyped one: loads nothing."""
        return list(self.commands)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BackhaulError as error:
            typer.echo(in_words(error), err=True)
            raise typer.Exit(1 if isinstance(error, REFUSED) else 2) from None


def in_words(error: BackhaulError) -> str:
    """The error and what to do about it."""
    match error:
        case Rejected():
            return f"The other side refused it ({error.status}): {error.message}"
        case CredentialsRefused():
            return f"{error}. Nothing was changed: `backhaul check` tells which setting is wrong."
        case Retryable():
            return f"{error}. Nothing was changed: try again later."
        case OutcomeUnknown():
            return f"{error}. It may have been done all the same: look there before you try again."
        case _:
            return str(error)


app = typer.Typer(
    name="backhaul",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a decorated traceback would quote more than a plain one
)


@app.callback()
def backhaul() -> None:
    """The return leg of a seller's ASOS Marketplace orders: acknowledged, returned, refunded, restocked."""


def main() -> None:
    """The entry point of the `backhaul` script."""
    app()


if __name__ == "__main__":
    main()
