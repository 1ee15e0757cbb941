"""The account codes that the journal uses: sensible ones, or those of a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

DEFAULT_ACCOUNTS: Mapping[str, str] = {
    "product": "4100",
    "shipping": "4110",
    "fee": "4120",
    "refund_taxes": "2200",
    "commission": "6200",
    "commission_taxes": "1400",
    "operator": "4190",
    "other": "9990",
    "accrued": "2150",
    "clearing": "1450",
}
"""By name: revenue that goes back, its taxes, commission that comes back, refunds not settled yet, and what the
marketplace holds for the seller."""


def load_accounts(path: Path) -> dict[str, str]:
    """The defaults, with the codes of a CSV file `account,code` laid over them.

    :raises ValueError: the file is not such a file; names the line.
    """
    accounts = dict(DEFAULT_ACCOUNTS)
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as unreadable:
        raise ValueError(f"{path} cannot be read as CSV ({type(unreadable).__name__})") from None
    if not rows or rows[0] != ["account", "code"]:
        raise ValueError(f"{path}, line 1: the columns are account,code")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or row[0] not in accounts or not row[1].strip():
            raise ValueError(f"{path}, line {number}: expected one of {', '.join(accounts)}, and its code")
        accounts[row[0]] = row[1].strip()
    return accounts
