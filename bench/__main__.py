"""`python -m bench [LINE…]`: all lines, or those that are named."""

from __future__ import annotations

import argparse

from rich.console import Console

from bench import acknowledgement, discovery, idle, listings, reconciliation, refunds, restock, webhooks
from bench.figures import show
from integration.cli.output import PIPED_WIDTH

LINES = {
    "restock": restock,
    "acknowledgement": acknowledgement,
    "discovery": discovery,
    "refunds": refunds,
    "reconciliation": reconciliation,
    "webhooks": webhooks,
    "listings": listings,
    "idle": idle,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the fleet beside a sandbox.")
    parser.add_argument("lines", nargs="*", metavar="LINE", help=f"any of {', '.join(LINES)}; all where none is named")
    chosen = parser.parse_args().lines or list(LINES)
    if unknown := set(chosen) - set(LINES):
        parser.error(f"there is no line {', '.join(sorted(unknown))}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    for line in chosen:
        show(console, line, LINES[line].measure())


if __name__ == "__main__":
    main()
