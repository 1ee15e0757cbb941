"""What the demo shows and waits with: chapters, progress, and real commands with their real output."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from integration.errors import BackhaulError
from integration.sandbox.client import SandboxClient
from integration.settings import Settings
from integration.wiring import make_ledger

BACKHAUL = Path(sys.executable).with_name("backhaul")


class StoryStuck(BackhaulError):
    """Something that had to happen has not happened."""


class Stage:
    """The screen, the fleet's ledger and the sandbox's books."""

    def __init__(self, console: Console, settings: Settings, sandbox: SandboxClient) -> None:
        self.console, self.settings, self.sandbox = console, settings, sandbox
        self.ledger = make_ledger(settings, who="demo")

    def chapter(self, number: int, title: str, what: str) -> None:
        """A heading, and one sentence of what is about to be seen."""
        self.console.print(f"\n[bold cyan]{number}. {title}[/bold cyan]  [dim]{what}[/dim]")

    def say(self, sentence: str) -> None:
        self.console.print(f"   {sentence}")

    def wait(self, what: str, total: int, count: Callable[[], int], *, within: float = 60.0) -> None:
        """Show a bar fill up as things happen.

        :raises StoryStuck: when they do not happen within so many seconds.
        """
        columns = (
            TextColumn("  "), SpinnerColumn(finished_text="[green]✓[/green]"), TextColumn("{task.description:<44}"),
            BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self.console) as progress:
            bar = progress.add_task(what, total=total)
            until = time.monotonic() + within
            while (done := count()) < total:
                if time.monotonic() > until:
                    raise StoryStuck(f"{what}: {done} of {total} after {within:.0f} s.")
                progress.update(bar, completed=done)
                time.sleep(0.1)
            progress.update(bar, completed=total)

    def command(self, *words: str) -> None:
        """Run a real `backhaul` command and show what it prints.

        :raises StoryStuck: when it fails.
        """
        self.console.print(f"   [bold]$ backhaul {' '.join(words)}[/bold]")
        # Our own command with words of the story.
        ran = subprocess.run([BACKHAUL, *words], capture_output=True, text=True, check=False)  # noqa: S603
        self.console.print(Padding(Text(ran.stdout.rstrip()), (0, 0, 0, 5)))
        if ran.returncode != 0:
            raise StoryStuck(f"backhaul {' '.join(words)} ended with {ran.returncode}: {ran.stderr.strip()}")

    def read(self, look: Callable[[Any], Any]) -> Any:
        """Look something up in the ledger."""
        with self.ledger.read() as tx:
            return look(tx)
