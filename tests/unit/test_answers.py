"""What an answer means."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError
from requests.structures import CaseInsensitiveDict

from integration.answers import UNTOLD_PAUSE, Operation, Reply, decipher, decode, encode
from integration.errors import CredentialsRefused, OutcomeUnknown, Rejected, Retryable, TooManyCalls
from integration.wire import Many

READ = Operation("OR11", "GET", "/api/orders", replay_safe=True)
WRITE = Operation("OR28", "PUT", "/api/orders/refund", replay_safe=False)
PERSONAL = Operation("W1", "POST", "/returns", replay_safe=False, personal=True)


def deciphered(operation: Operation, status: int, body: bytes = b"") -> Reply:
    return decipher(operation, status, {}, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_2xx_is_a_reply(status: int) -> None:
    assert deciphered(WRITE, status, b"").status == status


@pytest.mark.parametrize("status", [301, 302, 307, 408, 500, 502, 503, 504])
def test_a_status_that_does_not_say_what_happened_leaves_a_write_unknown_and_a_read_to_be_repeated(
    status: int,
) -> None:
    with pytest.raises(OutcomeUnknown, match=f"OR28 .*{status}"):
        deciphered(WRITE, status)
    with pytest.raises(Retryable):
        deciphered(READ, status)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_told_apart(status: int) -> None:
    with pytest.raises(CredentialsRefused):
        deciphered(WRITE, status)


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": " 3 "}, 3.0),
        ({"Retry-After": "Mon, 23 Nov 2026 01:00:30 GMT", "Date": "Mon, 23 Nov 2026 01:00:00 GMT"}, 30.0),
        ({"Retry-After": "Mon, 23 Nov 2026 01:00:00 GMT", "Date": "Mon, 23 Nov 2026 01:00:30 GMT"}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2026 01:00:30 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"X-Rate-Limit-Time-Reset-Ms": "1500"}, 1.5),
        ({"X-Rate-Limit-Time-Reset-Ms": "never"}, None),
        ({}, None),
    ],
)
def test_a_429_says_when_to_come_back_or_that_it_does_not(headers: dict[str, str], asked: float | None) -> None:
    with pytest.raises(TooManyCalls) as refusal:
        decipher(WRITE, 429, CaseInsensitiveDict(headers), b"")
    told = refusal.value.told
    assert (refusal.value.retry_after if told else None, refusal.value.retry_after == UNTOLD_PAUSE) == (asked, not told)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"message": "Not enough balance", "status": 400}', None, "Not enough balance"),
        (b'{"code": "ORDER_INVALID_STATE", "message": "No"}', "ORDER_INVALID_STATE", "No"),
        (
            b'{"errors": [{"code": "ORDER_LINE_NOT_FOUND", "message": "Which?"}]}',
            "ORDER_LINE_NOT_FOUND",
            "Which?",
        ),
        (b'{"detail": "Not found."}', None, "Not found."),
        (b'{"quantity": ["too many"]}', None, '{"quantity": ["too many"]}'),
        (b'{"title": "requires absolute adjustment", "code": 7}', None, "requires absolute adjustment"),
        (b"<html>Bad Request</html>", None, "OR28 was refused with 400"),
        (b"[1]", None, "OR28 was refused with 400"),
        (b"", None, "OR28 was refused with 400"),
    ],
)
def test_a_refusal_quotes_the_other_side(body: bytes, code: str | None, message: str) -> None:
    with pytest.raises(Rejected) as refused:
        deciphered(WRITE, 400, body)
    assert (refused.value.status, refused.value.code, refused.value.message) == (400, code, message)


def test_a_long_refusal_is_cut() -> None:
    with pytest.raises(Rejected) as refused:
        deciphered(WRITE, 422, encode({"message": "x" * 5000}))
    assert len(refused.value.message) == 300


def test_a_refusal_of_personal_data_is_not_quoted() -> None:
    with pytest.raises(Rejected) as refused:
        deciphered(PERSONAL, 400, b'{"email": ["zzcanary@example.com is no address"]}')
    assert refused.value.message == "W1 was refused with 400"


class Paid(BaseModel):
    name: str
    amount: Decimal


def test_amounts_are_decoded_exactly() -> None:
    reply = deciphered(WRITE, 200, b'{"name": "A", "amount": 25.0000}')
    assert str(reply.read(Paid).amount) == "25.0000"


def test_amounts_are_encoded_as_numbers_with_their_own_decimals() -> None:
    amounts = {"a": Decimal("25.00"), "b": Decimal("0.1") + Decimal("0.2")}
    assert encode(amounts) == b'{"a": 25.00, "b": 0.3}'
    assert decode(encode(amounts)) == amounts


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_is_not_sent(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"amount": amount})


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"half": ', b"\xff", b"NaN", b"[" * 100_000])
def test_a_promised_body_that_is_not_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        deciphered(WRITE, 200, body).json()
    with pytest.raises(Retryable):
        deciphered(READ, 200, body).json()


def test_a_body_that_does_not_fit_is_no_answer_and_its_values_are_not_shown() -> None:
    body = b'{"name": "Zzcanary", "amount": "Zzcanary"}'
    with pytest.raises(OutcomeUnknown) as unknown:
        deciphered(WRITE, 200, body).read(Paid)
    assert "amount" in str(unknown.value)
    assert "Zzcanary" not in str(unknown.value)
    assert unknown.value.__suppress_context__


def test_a_reply_shows_nothing_of_its_body() -> None:
    assert "Zzcanary" not in repr(deciphered(WRITE, 200, b"Zzcanary"))


def test_text_is_read_without_its_byte_order_mark() -> None:
    assert deciphered(READ, 200, "\ufeffzł".encode()).text() == "zł"


@pytest.mark.parametrize("number", ["1e99999999", "-1E-99999999", "9" * 5_000, "0." + "3" * 5_000])
def test_a_number_beyond_all_reason_spoils_its_own_field_alone(number: str) -> None:
    """H2: converted, it would freeze the process; as text, it fits nowhere that a number is expected."""

    class Line(BaseModel):
        quantity: int

    document = decode(b'{"lines": [{"quantity": 2}, {"quantity": %s}]}' % number.encode())
    assert Line.model_validate(document["lines"][0]).quantity == 2
    with pytest.raises(ValueError, match="quantity"):
        Line.model_validate(document["lines"][1])


def test_a_refusal_is_quoted_without_what_no_database_holds() -> None:
    """H4: half of a surrogate pair, and NUL."""
    with pytest.raises(Rejected) as refused:
        deciphered(WRITE, 400, rb'{"message": "no\ud800 m\u0000oney"}')
    assert refused.value.message == "no? money"
    with pytest.raises(Rejected):
        deciphered(WRITE, 400, rb'{"field": ["\udfff"]}')


def test_of_a_million_lines_that_do_not_fit_one_is_reported() -> None:
    """H3: every error of every line would take a gigabyte."""

    class Line(BaseModel):
        name: str

    class Page(BaseModel):
        lines: Many[Line] = ()

    with pytest.raises(ValidationError) as refused:
        Page.model_validate({"lines": [{}] * 10_000})
    assert refused.value.error_count() == 1
