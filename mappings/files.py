"""The three mapping files of a folder, taken together or not at all; all that is wrong is said at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from integration.errors import MappingError
from mappings.rows import ReasonRow, RejectRow, SkuRow
from mappings.sheets import Sheet
from mappings.tables import Mappings, RejectReasons, ReturnReasons, Skus

RETURN_REASONS = Sheet("return_reasons.csv", ReasonRow, unique=("mirakl_return_reason",))
REJECT_REASONS = Sheet("reject_reasons.csv", RejectRow, unique=("reveni_reject_reason",))
# From either side, an SKU must lead to one product.
SKUS = Sheet("skus.csv", SkuRow, unique=("reveni_sku", "mirakl_offer_sku"))
FILES = (RETURN_REASONS.file, REJECT_REASONS.file, SKUS.file)


def load(folder: Path, *, strict_skus: bool = False) -> Mappings:
    """The mappings in `folder`.

    :param strict_skus: whether an SKU that is not in skus.csv is unknown, instead of standing for itself.
    :raises MappingError: with every problem of all three files, each with its file, line and column.
    """
    reasons, rejects, skus = RETURN_REASONS.read(folder), REJECT_REASONS.read(folder), SKUS.read(folder)
    problems = [*reasons.problems, *rejects.problems, *skus.problems]
    if problems:
        raise MappingError(problems)
    digests = reasons.digest + rejects.digest + skus.digest
    return Mappings(
        return_reasons=ReturnReasons(reasons.rows),
        reject_reasons=RejectReasons(rejects.rows),
        skus=Skus(skus.rows, strict=strict_skus),
        version=hashlib.sha256(digests.encode()).hexdigest()[:12],
    )


def dump(mappings: Mappings, folder: Path) -> None:
    """Write `mappings` as the three files; loading them gives equal tables back."""
    RETURN_REASONS.write(folder, mappings.return_reasons.rows)
    REJECT_REASONS.write(folder, mappings.reject_reasons.rows)
    SKUS.write(folder, mappings.skus.rows)
