"""Evidence chained by hash: each entry is sealed together with the seal before it.

So an entry that was edited, removed, inserted or moved shows, unless every seal after it was made anew; and then the
newest seal is another one. Who notes it down elsewhere from time to time can tell that, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

FIRST = "0" * 64
"""What stands before the first entry."""


class Seal(NamedTuple):
    """The `number`th entry (from 1) of a shop's chain; hashes are SHA-256 in hex."""

    number: int
    previous_hash: str
    hash: str


class Head(NamedTuple):
    """How far a chain reaches: its number of entries, and the newest one's hash."""

    length: int = 0
    hash: str = FIRST

    def sealed(self, content: Mapping[str, Any]) -> Seal:
        """The seal of the entry that comes next.

        :param content: plain JSON, in which amounts are strings: a database may write a number in another way.
        :raises TypeError: something in it is not plain JSON.
        """
        number = self.length + 1
        return Seal(number, self.hash, _hashed({"number": number, "previous_hash": self.hash, "content": content}))

    def broken_by(self, seal: Seal, content: Mapping[str, Any]) -> str | None:
        """Why the next entry, as it stands, cannot be the one that was sealed there; None where it can."""
        if seal.number != self.length + 1:
            return f"entry {self.length + 1} of the chain is missing"
        if seal.previous_hash != self.hash:
            return f"entry {seal.number} of the chain does not follow from the one before it"
        if seal.hash != self.sealed(content).hash:
            return f"entry {seal.number} of the chain is not what was sealed: it was changed afterwards"
        return None


def _hashed(document: Mapping[str, Any]) -> str:
    written = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode()).hexdigest()
