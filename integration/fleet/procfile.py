"""The Procfile: every process of the fleet, by name."""

from __future__ import annotations

from pathlib import Path

from honcho.environ import parse_procfile

PACKAGE = Path(__file__).resolve().parent.parent


def load_procfile() -> dict[str, str]:
    """The command of each process, in the file's order. An installed package holds the file itself."""
    packaged = PACKAGE / "Procfile"
    path = packaged if packaged.exists() else PACKAGE.parent / "Procfile"
    return dict(parse_procfile(path.read_text()).processes)
