"""Settings, from the environment and a `.env` file in the working directory, and from nowhere else.

A field is its variable in lower case. Its description is what a person is told when the variable is missing
or wrong; a value that was given is never repeated, since it may be a secret.
"""

from __future__ import annotations

import ssl
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from integration.errors import SettingsError
from integration.money import amounts_by_currency
from integration.urls import api_url, is_loopback, parsed, without_api_path

BROKER_SCHEMES = frozenset({"redis", "rediss", "redis+socket", "unix"})
PACKAGED_MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"


def broker_url_file(data_dir: Path) -> Path:
    """Where a running `backhaul up` says how its embedded broker is reached."""
    return data_dir / "broker.url"


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _amounts_by_currency(value: object) -> object:
    return amounts_by_currency(value) if isinstance(value, str) else value


def _user_and_password(value: SecretStr) -> SecretStr:
    user, _, password = value.get_secret_value().partition(":")
    if not user or not password:
        raise ValueError("the user or the password is missing")
    return value


def _certificates(value: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
    except ssl.SSLError:
        raise ValueError("it holds no certificate in PEM") from None
    except OSError as refused:
        raise ValueError(f"it cannot be read: {refused.strerror}") from None
    return value.resolve()


ApiUrl = Annotated[str, AfterValidator(api_url)]
MiraklUrl = Annotated[ApiUrl, AfterValidator(without_api_path)]
Port = Annotated[int, Field(ge=1, le=65535, description="a port from 1 to 65535")]
Secret = Annotated[SecretStr, Field(min_length=1)]
BasicAuth = Annotated[Secret, AfterValidator(_user_and_password)]
CommaSeparated = BeforeValidator(_comma_separated)


class Settings(BaseSettings):
    """What one fleet is told about itself. Frozen; made by `Settings.load()`."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        validate_default=True,
    )

    mirakl_base_url: MiraklUrl = Field(description="Mirakl's address, such as https://example.mirakl.net")
    mirakl_api_key: Secret = Field(description="the seller's Mirakl API key")
    # Not \w: the letters of every language, 64 times over, are 6 MB in each process of the fleet.
    mirakl_shop_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="the id of one Mirakl shop")
    mirakl_tier: Literal["shop", "external_partner"] = Field("shop", description="shop or external_partner")

    reveni_base_url: ApiUrl = Field(
        "https://api.reveni.io/merchants/v0",
        description="Reveni's address, such as https://api.sandbox.reveni.io/merchants/v0",
    )
    reveni_store_id: str = Field(min_length=1, description="the id of the Reveni store")
    reveni_api_key: Secret = Field(description="the Reveni store's API key, which also signs its webhooks")
    reveni_webhook_keys: Annotated[tuple[Secret, ...], NoDecode, CommaSeparated] = Field(
        (), description="further keys accepted in webhook signatures, comma-separated"
    )

    bigcommerce_store_hash: str | None = Field(None, description="the store's hash in BigCommerce")
    bigcommerce_token: Secret | None = Field(None, description="the store's BigCommerce API token")
    bigcommerce_location_id: int | None = Field(
        None, gt=0, description="the number of the BigCommerce location that holds the stock"
    )
    bigcommerce_base_url: ApiUrl = Field(
        "https://api.bigcommerce.com", description="what stands before /stores/{store_hash}/v3"
    )

    tls_ca_file: Annotated[FilePath, AfterValidator(_certificates)] | None = Field(
        None, description="a PEM file with certificate authorities to trust besides the usual ones"
    )

    backhaul_data_dir: Path = Field(
        Path(".backhaul"), description="the folder for the ledger file and the embedded broker"
    )
    database_url: str = Field("", repr=False, description="sqlite:///… or postgresql://user:password@host/database")
    database_pooler: Literal["none", "transaction"] = Field(
        "none", description="transaction where DATABASE_URL leads to PgBouncer in transaction mode, else none"
    )
    broker_url: str | None = Field(None, repr=False, description="redis://host:6379/0, rediss://… or a socket")
    mappings_dir: DirectoryPath = Field(PACKAGED_MAPPINGS, description="a folder with the three mapping files")

    acceptance_sla_hours: float = Field(24, gt=0, allow_inf_nan=False, description="hours, more than 0")
    acceptance_unknown_sku: Literal["accept", "hold", "refuse"] = Field("accept", description="accept, hold or refuse")
    return_acceptance: Literal["auto", "manual"] = Field("auto", description="auto or manual")
    refund_fee_codes: Annotated[frozenset[str], NoDecode, CommaSeparated] = Field(
        frozenset(), description="codes of fees to refund with their line, comma-separated"
    )
    refund_hold_above: Annotated[dict[str, Decimal], NoDecode, BeforeValidator(_amounts_by_currency)] = Field(
        {}, description="the largest refund in each currency that needs no approval, such as GBP:250,EUR:300"
    )
    sku_mapping: Literal["identity", "strict"] = Field("identity", description="identity or strict")

    web_host: str = Field("127.0.0.1", description="the address the web process listens on")
    web_port: Port = 8080
    metrics_host: str = Field("127.0.0.1", description="the address the metrics are served on")
    metrics_port: Port = 8081
    flower_port: Port = 5555
    flower_basic_auth: BasicAuth | None = Field(None, description="user:password")

    sentry_dsn: Secret | None = Field(None, description="a Sentry DSN")
    sentry_environment: str | None = Field(None, description="a name such as production")

    call_interval_scale: float = Field(
        1, gt=0, allow_inf_nan=False, description="1, or less where Mirakl is a simulator on this machine"
    )

    @classmethod
    def load(cls, *, shop: str | None = None) -> Self:
        """Read the environment and `.env`.

        :param shop: stands for MIRAKL_SHOP_ID.
        :raises SettingsError: naming every variable that is missing or malformed, at once.
        """
        try:
            return cls() if shop is None else cls(mirakl_shop_id=shop)
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_input=False)
            raise SettingsError([_sentence(error) for error in errors]) from None

    @property
    def shop(self) -> str:
        """What every ledger row, lock, ceiling and broker key of this fleet carries."""
        return self.mirakl_shop_id or "default"

    @property
    def broker_is_embedded(self) -> bool:
        """No BROKER_URL was given: `backhaul up` brings its own."""
        return "broker_url" not in self.model_fields_set

    @property
    def bigcommerce_is_stock_master(self) -> bool:
        """BigCommerce is configured, so stock is adjusted there first."""
        return self.bigcommerce_token is not None

    @property
    def webhook_keys(self) -> tuple[SecretStr, ...]:
        """Keys a Reveni signature may have been made with: rotating the API key rotates this key too."""
        return (self.reveni_api_key, *self.reveni_webhook_keys)

    @property
    def call_deadline(self) -> float:
        """Seconds a foreign call may take in all. Below 2 s a busy machine alone would break the deadline."""
        return max(2.0, self.scaled(20))

    @property
    def claim_lease(self) -> float:
        """Seconds a claim is good for: three deadlines, so that no call outlives its claim."""
        return 3 * self.call_deadline

    def scaled(self, seconds: float) -> float:
        """A published interval, poll period, settling time or delay, in this fleet's seconds."""
        return seconds * self.call_interval_scale

    @field_validator("backhaul_data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            broker_url_file(value).exists()
        except PermissionError:
            raise ValueError("this user may not read it: run as the user that the fleet runs as") from None
        return value.resolve()

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            folder = info.data.get("backhaul_data_dir", Path())  # where that is refused, this is not told as well
            return f"sqlite:///{folder / 'ledger.sqlite3'}"
        scheme, _, rest = value.partition("://")
        if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
            parsed(value)
            return f"postgresql+psycopg://{rest}"
        if scheme == "sqlite":
            return value
        raise ValueError("the ledger needs SQLite or PostgreSQL")

    @field_validator("broker_url")
    @classmethod
    def _given_or_embedded(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            folder = info.data.get("backhaul_data_dir")
            written = None if folder is None else broker_url_file(folder)
            return written.read_text().strip() if written is not None and written.exists() else None
        if parsed(value).scheme not in BROKER_SCHEMES:
            raise ValueError("the broker needs Redis or Valkey")
        return value

    @field_validator("bigcommerce_location_id")
    @classmethod
    def _whole_or_absent(cls, value: int | None, info: ValidationInfo) -> int | None:
        parts = [info.data.get("bigcommerce_store_hash"), info.data.get("bigcommerce_token"), value]
        if any(parts) and not all(parts):
            raise ValueError("BIGCOMMERCE_STORE_HASH, BIGCOMMERCE_TOKEN and BIGCOMMERCE_LOCATION_ID go together")
        return value

    @field_validator("call_interval_scale")
    @classmethod
    def _faster_on_loopback_only(cls, value: float, info: ValidationInfo) -> float:
        if value < 1 and not is_loopback(info.data.get("mirakl_base_url", "http://localhost")):
            raise ValueError("below 1 it would break Mirakl's published call frequencies")
        return value


def _sentence(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    expected = f"expected {Settings.model_fields[field].description}"
    if error["type"] == "missing":
        return f"{field.upper()} is missing: {expected}."
    complaint = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{field.upper()} is not usable ({complaint}): {expected}."
