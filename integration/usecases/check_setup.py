"""Whether everything a fleet needs is there and lets us in: each thing on its own, with what to do where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

from integration.bigcommerce.client import BigCommerce
from integration.errors import BackhaulError, CredentialsRefused
from integration.high_water import high_water_mark
from integration.ledger.account_reads import account_read, refusals
from integration.ledger.engine import check_durability
from integration.ledger.readiness import has_current_tables, require_current_tables
from integration.ledger.store import Ledger
from integration.mirakl.client import Mirakl
from integration.misspelt import misspelt
from integration.private_files import why_not_writable
from integration.reveni.client import Reveni
from integration.settings import Settings
from integration.urls import masked
from integration.usecases.recovery_state import require_no_recovery
from mappings import illegal_refund_reasons, load

NO_SUCH_ORDER = "backhaul-check"
NO_SUCH_SKU = "backhaul-check"

LATELY = timedelta(days=1)
"""For so long the fleet's own reading of the account stands for a look: TL02 is read hourly, and its calls count."""


class Forbidden(BackhaulError):
    """Mirakl does not let the shop do what the tables say."""


class Misspelt(BackhaulError):
    """Something was set that nobody reads."""


class NotWritable(BackhaulError):
    """The fleet could keep nothing in its data folder."""


class NotLookedAt(BackhaulError):
    """It could not be looked at now, which is neither good nor bad."""


@dataclass(frozen=True)
class Check:
    """One thing: what was found, and, where it failed, what to do.

    :param ok: None where nobody has looked, or could.
    """

    name: str
    ok: bool | None
    detail: str
    next_step: str | None = None

    @property
    def word(self) -> Literal["ok", "FAILED", "unknown"]:
        return "unknown" if self.ok is None else "ok" if self.ok else "FAILED"


@dataclass(frozen=True)
class Setup:
    """What is to be checked. Its clients count no call, since none of the calls made has a published ceiling.

    :param reach_broker: asks the broker at a URL for a sign of life, and raises an error of ours where none comes.
    """

    settings: Settings
    ledger: Ledger
    mirakl: Mirakl
    reveni: Reveni
    bigcommerce: BigCommerce | None
    reach_broker: Callable[[str], None]

    def check(self) -> list[Check]:
        """Look at everything; one failure hides no other."""
        checks = [
            _check("settings", _spelling, "correct the names, or take them away"),
            _check("data-folder", self._data_folder, "only `backhaul up` writes there"),
            _check("database", self._database, "check DATABASE_URL"),
            _check("migrations", self._migrations, "start the fleet once with `backhaul up`"),
            _check("recovery", self._recovery, "see what is missing with `backhaul recover`"),
            _check("mappings", self._mappings, "mend the files; `backhaul mappings check` lists every problem"),
            _check("broker", self._broker, "check BROKER_URL, and that the broker runs"),
            _check("mirakl", self._mirakl, "check MIRAKL_BASE_URL, MIRAKL_API_KEY and MIRAKL_SHOP_ID"),
            _check(
                "refund-reasons", self._refund_reasons, "change the table; `backhaul mappings check --live` says more"
            ),
            _check("mirakl-platform", self._platform, "ask Mirakl why PC01 does not answer; nothing depends on it"),
            _check(
                "mirakl-account", self._account, "give the key's user ROLE_SHOP_ACCOUNTANCY; only reconciliation waits"
            ),
            _check("refund-limits", self._refund_limits, "check REFUND_HOLD_ABOVE"),
            _check("reveni", self._reveni, "check REVENI_BASE_URL, REVENI_STORE_ID and REVENI_API_KEY"),
        ]
        if self.bigcommerce is not None:
            look = partial(_read_inventory, self.bigcommerce)
            checks.append(_check("bigcommerce", look, "check the four BIGCOMMERCE_ settings"))
        return checks

    def _data_folder(self) -> str:
        folder = self.settings.backhaul_data_dir
        if (problem := why_not_writable(folder)) is not None:
            raise NotWritable(problem)
        return f"{folder} can be written"

    def _database(self) -> str:
        has_current_tables(self.ledger.engine)  # says first, in a sentence, that it does not answer
        check_durability(self.ledger.engine)
        return f"{masked(self.settings.database_url)} keeps what was committed"

    def _migrations(self) -> str:
        require_current_tables(self.ledger.engine)
        return "the ledger is of this version"

    def _recovery(self) -> str:
        """Whether this is the ledger that the fleet has worked with, by the mark outside it."""
        try:
            require_current_tables(self.ledger.engine)
        except BackhaulError:
            raise NotLookedAt("not known before the fleet's first start") from None
        where = self.settings.backhaul_data_dir, self.settings.shop, self.settings.broker_url
        return require_no_recovery(self.ledger, high_water_mark(*where))

    def _mappings(self) -> str:
        folder = self.settings.mappings_dir
        tables = load(folder, strict_skus=self.settings.sku_mapping == "strict")
        return f"{folder}, version {tables.version}: {len(tables.return_reasons.rows)} return reasons"

    def _broker(self) -> str:
        url = self.settings.broker_url
        if url is None:
            raise NotLookedAt("none is given: `backhaul up` starts its own")
        self.reach_broker(url)
        return f"{masked(url)} answers"

    def _mirakl(self) -> str:
        """By RE01, which may be read at any time; A01 would use up the shop's one call of the day."""
        return f"the key is good: RE01 lists {len(self.mirakl.reasons())} reasons"

    def _refund_reasons(self) -> str:
        """Whether Mirakl lets the shop refund with every mapped code, where both can be read: else others say so."""
        try:
            tables, listed = load(self.settings.mappings_dir), self.mirakl.reasons()
        except BackhaulError:
            raise NotLookedAt("not known until the mapping files and Mirakl can be read") from None
        reasons = {reason.code: (reason.type, bool(reason.is_shop_right)) for reason in listed}
        refunds = {reason.code: ("REFUND", bool(reason.is_shop_right)) for reason in listed if reason.type == "REFUND"}
        problems = illegal_refund_reasons(tables, reasons | refunds)
        if problems:
            raise Forbidden("; ".join(problems))
        return "Mirakl allows every mapped one (RE01)"

    def _platform(self) -> str:
        try:
            platform = self.mirakl.configuration()
        except CredentialsRefused:
            return "PC01 is not for this key (it needs ROLE_SHOP_ADMIN); nothing depends on it"
        if platform.order_acceptance == "AUTOMATIC":
            return "order_acceptance is AUTOMATIC: Mirakl accepts every order by itself"
        return f"order_acceptance is {platform.order_acceptance}, order_tax_mode is {platform.order_tax_mode}"

    def _account(self) -> str:
        """By what the fleet was last told: TL02, SBC11 and IV01 are counted calls, and none is made for this."""
        try:
            require_current_tables(self.ledger.engine)
        except BackhaulError:
            raise NotLookedAt("not known before the fleet's first start") from None
        with self.ledger.read() as tx:
            refused, complete, now = refusals(tx), account_read(tx, "TL02").complete_at, tx.now
        if refused:
            raise CredentialsRefused("; ".join(refused.values()))
        if complete is None or complete < now - LATELY:
            raise NotLookedAt("the fleet has not read the seller's account lately (TL02): nobody knows whether it may")
        return f"the fleet has read the seller's account at {complete:%Y-%m-%d %H:%M} UTC (TL02)"

    def _refund_limits(self) -> str:
        limits = self.settings.refund_hold_above
        if not limits:
            return "REFUND_HOLD_ABOVE is not set: no refund waits for approval"
        told = ", ".join(f"{limit} {currency}" for currency, limit in sorted(limits.items()))
        return f"a refund above {told} waits for approval, and so does every refund in another currency"

    def _reveni(self) -> str:
        self.reveni.returns_of_order(NO_SUCH_ORDER)
        return "the key is good: the store's returns can be listed (W2)"


def _spelling() -> str:
    if sentences := misspelt():
        raise Misspelt(" ".join(sentences))
    return "every variable that looks like one of Backhaul is one of its settings"


def _read_inventory(bigcommerce: BigCommerce) -> str:
    bigcommerce.inventory([NO_SUCH_SKU])
    return "the token is good: the location's inventory can be read"


def _check(name: str, look: Callable[[], str], next_step: str) -> Check:
    try:
        return Check(name, ok=True, detail=look())
    except NotLookedAt as unknown:
        return Check(name, ok=None, detail=str(unknown))
    except BackhaulError as failure:
        return Check(name, ok=False, detail=str(failure), next_step=next_step)
