"""How addresses are shown and told apart."""

from __future__ import annotations

import pytest

from integration.urls import is_loopback, masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://:s-_cret@127.0.0.1:4000/0", "redis://:***@127.0.0.1:4000/0"),
        ("redis://user:se:c@ret@host/0", "redis://user:***@host/0"),
        (
            "redis+socket:///run/redis.sock?password=secret&db=1",
            "redis+socket:///run/redis.sock?password=***&db=1",
        ),
        ("postgresql+psycopg://u:secret@h/d", "postgresql+psycopg://u:***@h/d"),
        ("sqlite:////data/ledger.sqlite3", "sqlite:////data/ledger.sqlite3"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]", True),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("no-url", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here
