"""Values as programs and people are shown them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from integration.cli.output import money, print_json, print_table, shown


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("25.000000", "GBP", "25.00"),
        ("1200", "JPY", "1200"),
        ("1.5", "KWD", "1.500"),
        ("1.005000", "GBP", "1.005"),
        ("25.00", "ZZZ", "25.00"),
        ("25.00", None, "25.00"),
        (None, "GBP", None),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_is_never_rounded(
    amount: str | None, currency: str | None, text: str | None
) -> None:
    assert money(None if amount is None else Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (3, "3"), ("x", "x"), (Decimal("1.50"), "1.50"), (["a", 2], "a, 2")],
)
def test_a_person_reads_a_value_as_a_word(value: object, text: str) -> None:
    assert shown(value) == text


def test_times_of_any_zone_are_told_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    summer = timezone(timedelta(hours=1))
    print_json([datetime(2026, 7, 1, 12, tzinfo=summer), datetime(2026, 7, 1, 12, tzinfo=UTC)])
    assert capsys.readouterr().out.split('"')[1::2] == ["2026-07-01T11:00:00.000Z", "2026-07-01T12:00:00.000Z"]


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no plain form"):
        print_json(object())


def test_a_long_id_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"one": "a" * 150, "other": "b" * 150, "markup": "[red]not a colour[/red]"}
    print_table([row], ("one", "other", "markup"))
    told = capsys.readouterr().out
    assert told.count("a") - told.count("a colour") >= 150
    assert (told.count("b"), "…" in told) == (150, False)
    assert "[red]" in told
