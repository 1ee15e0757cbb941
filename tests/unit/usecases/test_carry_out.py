"""One promise, every way it may go: nothing is sent twice blindly, and nothing is forgotten."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta

import pytest

from integration.domain.orders import Waits
from integration.errors import CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable, TooManyCalls
from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.reviews import reviews
from integration.ledger.tables import Facts, Intent
from integration.usecases import keeping as module
from integration.usecases.acts import AlreadyThere, WaitsFor
from integration.usecases.keeping import MAX_UNEXPECTED_ERRORS, Keeping
from integration.usecases.ports import Ports
from tests.unit.usecases.keeping import RETRY, Promise
from tests.unit.usecases.little_act import GuardedAct, LittleAct, ReadingAct, Script


def sent(promise: Promise) -> int:
    return promise.now.sends


def test_what_is_answered_is_recorded_once(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct())
    assert promise.keep() == "confirmed"
    assert promise.keep() == "nothing to do"
    assert (act.sendings, act.recorded) == (1, ["done"])
    with ports.ledger.read() as tx:
        steps = [(entry.to_state, entry.evidence) for entry in journal_of(tx, promise.id)]
    assert steps == [
        ("decided", {}), ("claimed", {}), ("claimed", {"prepared": "ready"}), ("confirmed", {"answer": "done"}),
    ]  # fmt: skip


def test_what_only_reads_is_recorded_without_sending(ports: Ports) -> None:
    promise = Promise(ports, act := ReadingAct())
    assert promise.keep() == "confirmed"
    assert (act.sendings, act.recorded, sent(promise)) == (0, ["ready"], 0)


def test_what_is_done_already_is_success(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(prepared=Script(AlreadyThere("by somebody else"))))
    assert promise.keep() == "confirmed"
    assert (act.sendings, act.recorded) == (0, ["by somebody else"])


def test_a_case_that_must_not_be_guessed_is_held_for_a_person(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(prepared=Script(Held("exchange", "Look at it.", {"figure": "25.00"}))))
    assert promise.keep() == "held: exchange"
    assert promise.stands == ("held", "exchange")
    assert (act.sendings, act.held) == (0, ["exchange"])
    with ports.ledger.read() as tx:
        [review] = reviews(tx)
    assert (review.kind, review.subject, review.evidence) == ("refund", "subject", {"figure": "25.00"})


@pytest.mark.parametrize(
    ("early", "reason", "least", "most"),
    [
        (Waits("order_not_debited"), "order_not_debited", 4, 10),
        (WaitsFor("ceiling_closed", 42.0), "ceiling_closed", 40, 42),
        (Retryable("OR11: 429", retry_after=77.0), "waiting_to_retry", 75, 77),
        (Retryable("OR11: no answer"), "waiting_to_retry", 4, 10),
    ],
)
def test_what_cannot_be_done_yet_is_decided_again(
    ports: Ports, early: Exception, reason: str, least: float, most: float
) -> None:
    promise = Promise(ports, act := LittleAct(prepared=Script(early, "ready")))
    promise.keep()
    assert promise.stands == ("decided", reason)
    assert least <= promise.due_in() <= most
    assert promise.keep() == "confirmed"
    assert act.sendings == 1


@pytest.mark.parametrize("step", ["prepared", "sent"])
def test_refused_credentials_are_a_long_pause(ports: Ports, step: str) -> None:
    promise = Promise(ports, LittleAct(**{step: Script(CredentialsRefused("OR28: 401"), "done")}))
    promise.keep()
    assert promise.stands == ("decided", "credentials_refused")
    assert 290 < promise.due_in() <= 300
    assert sent(promise) == 0
    assert promise.keep() == "confirmed"


def test_what_never_left_is_no_sending(ports: Ports) -> None:
    promise = Promise(
        ports, act := LittleAct(sent=Script(Retryable("refused"), Retryable("429", retry_after=9), "done"))
    )
    promise.keep()
    assert (promise.stands, sent(promise)) == (("decided", "waiting_to_retry"), 0)
    promise.keep()
    assert 7 < promise.due_in() <= 9
    assert promise.keep() == "confirmed"
    assert (act.sendings, sent(promise)) == (3, 1)


def test_who_is_turned_away_without_a_word_for_how_long_comes_back_later_each_time(ports: Ports) -> None:
    untold, told = (TooManyCalls("OR28: 429", retry_after=5.0, told=told) for told in (False, True))
    promise = Promise(ports, LittleAct(sent=Script(*[untold] * 5, told)))
    for longest in (10, 20, 40, 80, 160):
        promise.keep()
        assert max(5, longest / 2) - 1 <= promise.due_in() <= longest
    promise.keep()
    assert 4 <= promise.due_in() <= 5
    assert (promise.stands, sent(promise)) == (("decided", "too_many_calls"), 0)


def test_the_first_refusal_is_final(ports: Ports) -> None:
    promise = Promise(ports, LittleAct(sent=Script(Rejected("Not allowed", status=400, code="NO"))))
    assert promise.keep() == "held: little_act_rejected"
    assert promise.now.detail == "Not allowed"
    with ports.ledger.read() as tx:
        assert reviews(tx)[0].evidence == {"status": 400, "code": "NO"}


def test_a_refusal_may_mean_that_it_is_too_early(ports: Ports) -> None:
    refusal = Rejected("Not enough", status=400)
    promise = Promise(ports, LittleAct(sent=Script(refusal, "done"), refusal=Script(lambda: Waits("balance"))))
    promise.keep()
    assert (promise.stands, sent(promise), promise.now.detail) == (("decided", "balance"), 0, "Not enough")
    assert promise.keep() == "confirmed"


def test_an_error_that_nobody_foresaw_before_sending_is_tried_again_and_then_shown(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(prepared=Script(KeyError("ZZCANARY"))))
    for _ in range(MAX_UNEXPECTED_ERRORS - 1):
        with pytest.raises(KeyError):
            promise.keep()
        assert promise.stands == ("decided", "unexpected_error")
    with pytest.raises(KeyError):
        promise.keep()
    assert promise.stands == ("held", "unexpected_error")
    assert promise.now.detail == f"KeyError, {MAX_UNEXPECTED_ERRORS} times in a row."
    assert act.held == ["unexpected_error"]


@pytest.mark.parametrize("step", ["sent", "recorded"])
def test_an_error_that_nobody_foresaw_after_sending_leaves_the_outcome_unknown(ports: Ports, step: str) -> None:
    promise = Promise(ports, act := LittleAct(**{step: Script(KeyError("ZZCANARY"), "done")}, found=Script("found")))
    with pytest.raises(KeyError):
        promise.keep()
    assert promise.stands == ("unknown", "outcome_unknown")
    assert promise.now.detail == "KeyError"
    assert 50 < promise.due_in() <= 60  # it settles first
    assert promise.keep() == "confirmed"
    assert (act.sendings, act.recorded) == (1, ["found"])


def test_an_answer_to_something_else_is_held_and_not_confirmed(ports: Ports) -> None:
    promise = Promise(ports, LittleAct(recorded=Script(Held("answer_differs", "It answers for another amount."))))
    assert promise.keep() == "held: answer_differs"
    assert (promise.stands, sent(promise)) == (("held", "answer_differs"), 1)


@pytest.mark.crash_matrix(17)
def test_whoever_lost_the_claim_stops(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    act = LittleAct()
    promise = Promise(ports, act)

    class Slow(LittleAct):
        def prepare(self, ports: Ports, intent: Intent) -> str:
            promise.set(lease_until=-timedelta(hours=1))
            with ports.ledger.write() as tx:
                intents.expire(tx, settling=60, reads_only=[])
            return super().prepare(ports, intent)

    promise.act = slow = Slow()
    assert promise.keep() == "claim lost"
    assert slow.sendings == 0
    assert promise.stands == ("unknown", "claim_expired")
    assert caplog.records[-1].levelno == logging.WARNING
    promise.act = act
    assert promise.keep() == "decided again in 0.0 s: claim_expired_before_sending"
    assert promise.keep() == "confirmed"


def test_a_process_that_was_stopped_for_long_sends_nothing(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        seconds = 0.0

        def monotonic(self) -> float:
            return self.seconds

    class Stopped(LittleAct):
        def plan(self, intent: Intent, prepared: str) -> Facts:
            clock.seconds += ports.settings.claim_lease
            return super().plan(intent, prepared)

    monkeypatch.setattr(module, "time", clock := Clock())
    promise = Promise(ports, act := Stopped())
    promise.keep()
    assert (promise.stands, sent(promise), act.sendings) == (("decided", "waiting_to_retry"), 0, 0)
    assert promise.now.detail == "the claim was too old to send"


def a_batch_of_one(ports: Ports, act: LittleAct) -> tuple[Promise, Keeping]:
    promise = Promise(ports, act)
    with ports.ledger.write() as tx:
        intent = intents.claim(tx, promise.id, lease=60)
        assert intent is not None
        intents.write_ahead(tx, intent, {})
    return promise, Keeping(ports, act, intent, RETRY)


def test_a_batch_that_waited_until_its_claim_got_old_sends_nothing(ports: Ports) -> None:
    promise, keeping = a_batch_of_one(ports, act := LittleAct())
    keeping.send_before = 0.0
    with pytest.raises(Retryable) as late:
        keeping.send_at_once()
    keeping.unanswered(late.value)
    assert (promise.stands, sent(promise), act.sendings) == (("decided", "waiting_to_retry"), 0, 0)


def test_an_error_that_nobody_foresaw_in_a_batch_leaves_the_outcome_unknown(ports: Ports) -> None:
    promise, keeping = a_batch_of_one(ports, LittleAct())
    with pytest.raises(KeyError):
        keeping.unanswered(KeyError("ZZCANARY"))
    assert (promise.stands, promise.now.detail) == (("unknown", "outcome_unknown"), "KeyError")


def test_an_error_after_many_ordinary_waits_is_one_error(ports: Ports) -> None:
    """M12: what was only waited for is no error; the delay and the sentence count what really came back."""
    waits = [Waits("insufficient_balance")] * 11
    errors = [KeyError("ZZCANARY")] * MAX_UNEXPECTED_ERRORS
    promise = Promise(ports, LittleAct(prepared=Script(*waits, errors[0], Waits("insufficient_balance"), *errors)))
    for _ in waits:
        promise.keep()
    assert 300 < promise.due_in() <= 600
    with pytest.raises(KeyError):
        promise.keep()
    assert promise.stands == ("decided", "unexpected_error")
    assert promise.due_in() <= 10  # the first of its kind
    promise.keep()
    assert promise.now.repeats == {"insufficient_balance": 12}  # the error was overcome, the wait was not
    for _ in errors:
        assert promise.now.state == "decided"
        with pytest.raises(KeyError):
            promise.keep()
    assert promise.now.detail == f"KeyError, {MAX_UNEXPECTED_ERRORS} times in a row."


def test_a_network_that_fails_in_between_is_no_step_that_went_well(ports: Ports) -> None:
    """M12: errors with failed calls in between are still in a row; a person's replay begins anew."""
    flapping = [KeyError("ZZCANARY"), Retryable("OR11: 503")] * MAX_UNEXPECTED_ERRORS
    promise = Promise(ports, LittleAct(prepared=Script(*flapping)))
    for failure in flapping[: 2 * MAX_UNEXPECTED_ERRORS - 1]:
        with pytest.raises(KeyError) if isinstance(failure, KeyError) else nullcontext():
            promise.keep()
    assert promise.stands == ("held", "unexpected_error")
    with ports.ledger.write() as tx:
        intents.reopen(tx, tx.session.get_one(Intent, promise.id), reason="replayed")
    assert promise.now.repeats == {}


def test_lost_answers_are_no_refusals(ports: Ports) -> None:
    """M12: a guarded call is held for refusals alone, and what its sendings came to otherwise does not count."""
    lost, refused = OutcomeUnknown("no answer"), Rejected("invalid state", status=400)
    promise = Promise(ports, GuardedAct(sent=Script(*[lost] * 5, refused, refused)))
    for longest in (10, 20, 40, 80, 160):
        promise.keep()
        promise.keep()
        assert longest / 2 - 1 <= promise.due_in() <= longest
    assert [promise.keep(), promise.now.state] == ["unknown: rejected", "unknown"]
    assert promise.keep().endswith("not_found")
    promise.keep()
    assert promise.keep() == "held: little_act_rejected"
    with ports.ledger.read() as tx:
        assert reviews(tx)[0].evidence == {"refusals": GuardedAct.max_refusals}


def test_an_error_in_every_answer_of_a_guarded_call_is_shown_in_the_end(ports: Ports) -> None:
    """M12: it is sent, and its answer is an error each time: that, too, ends with a person."""
    promise = Promise(ports, act := GuardedAct(sent=Script(KeyError("ZZCANARY"))))
    for _ in range(MAX_UNEXPECTED_ERRORS):
        with pytest.raises(KeyError):
            promise.keep()
        promise.keep()
    assert promise.stands == ("held", "unexpected_error")
    assert (act.sendings, promise.now.detail) == (MAX_UNEXPECTED_ERRORS, "KeyError, 10 times in a row.")
