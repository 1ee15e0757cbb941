"""Variables that were meant for Backhaul, and that nobody reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.misspelt import misspelt
from integration.settings import Settings

KNOWN = {name.upper(): "" for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("REFUND_HOLD_ABVOE", "REFUND_HOLD_ABOVE"),
        ("MIRAKL_URL", "MIRAKL_BASE_URL"),
        ("MIRKAL_API_KEY", "MIRAKL_API_KEY"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("acceptance_sla", "ACCEPTANCE_SLA_HOURS"),
        ("FLOWER_BASIC_AUHT", "FLOWER_BASIC_AUTH"),
        ("SENTRY_ENVIROMENT", "SENTRY_ENVIRONMENT"),
        ("CALL_INTERVAL_SCALES", "CALL_INTERVAL_SCALE"),
        ("WEB_PROT", "WEB_PORT"),
    ],
)
def test_a_setting_that_is_misspelt_is_told_with_the_one_that_was_meant(tmp_path: Path, given: str, meant: str) -> None:
    """S10: in the environment or in .env; its value is not repeated."""
    expected = [f"{given} is no setting of Backhaul and has no effect: is {meant} meant?"]
    assert misspelt({**KNOWN, given: "secret"}, tmp_path / "none") == expected
    (tmp_path / ".env").write_text(f"{given}=secret\n")
    assert misspelt(KNOWN, tmp_path / ".env") == expected


@pytest.mark.parametrize(
    "others",
    [
        "SENTRY_RELEASE", "SENTRY_TRACES_SAMPLE_RATE", "FLOWER_PERSISTENT", "FLOWER_URL_PREFIX", "FLOWER_ADDRESS",
        "PG_DATABASE_URL", "DATABASE_URL_TEST", "DATABASE_HOST", "WEB_CONCURRENCY", "WEB_SERVICE_HOST", "TLS_VERIFY",
        "WEB_PORT_8080_TCP_ADDR", "REFUND_SERVICE_PORT", "BROKER", "PATH", "MIRAKL_OPENAPI", "BACKHAUL_FLEET_ID",
    ],
)  # fmt: skip
def test_what_somebody_else_reads_is_left_alone(tmp_path: Path, others: str) -> None:
    """S10: Sentry and Flower have settings of their own, and Kubernetes sets variables named for services."""
    assert misspelt({**KNOWN, others: "x"}, tmp_path / "none") == []
