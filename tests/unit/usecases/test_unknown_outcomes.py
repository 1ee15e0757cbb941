"""An outcome that nobody knows: only reading settles it, and nothing is sent twice blindly."""

from __future__ import annotations

import pytest

from integration.domain.orders import Waits
from integration.errors import CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable
from integration.ledger import intents
from integration.ledger.reviews import reviews
from integration.ledger.tables import Intent
from integration.usecases.acts import WaitsFor
from integration.usecases.ports import Ports
from tests.unit.usecases.keeping import Promise
from tests.unit.usecases.little_act import GuardedAct, LittleAct, Script

UNANSWERED = OutcomeUnknown("no answer")


def test_a_lost_answer_is_found_by_reading_and_never_sent_again(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED), found=Script("found")))
    assert promise.keep() == "unknown: outcome_unknown"
    assert 50 < promise.due_in() <= 60
    assert promise.keep() == "confirmed"
    assert (act.sendings, act.recorded) == (1, ["found"])


def test_what_is_absent_twice_is_sent_once_more_and_then_a_person_is_asked(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED)))
    for sending in (1, 2):
        assert promise.keep() == "unknown: outcome_unknown"
        assert (act.sendings, promise.now.absences) == (sending, 0)
        assert promise.keep() == "unknown: not_found_once"
        assert 590 < promise.due_in() <= 600
        if sending == 1:
            assert promise.keep() == "decided again in 0.0 s: not_found"
    assert promise.keep() == "held: unknown_outcome"
    assert promise.keep() == "nothing to do"
    assert act.sendings == 2
    with ports.ledger.read() as tx:
        assert reviews(tx)[0].evidence == {"sends": 2, "plan": {"prepared": "ready"}}


def test_the_second_sending_may_succeed(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED, "done")))
    outcomes = [promise.keep() for _ in range(4)]
    assert outcomes[-1] == "confirmed"
    assert (act.sendings, act.scripts["found"].times) == (2, 2)


def test_a_refusal_of_the_second_sending_is_read_back_too(ports: Ports) -> None:
    refusal = Rejected("The amount exceeds what is left", status=400)
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED, refusal), found=Script(None, None, "found")))
    for _ in range(3):
        promise.keep()
    assert promise.keep() == "unknown: rejected"
    assert promise.keep() == "confirmed"
    assert act.recorded == ["found"]


def test_a_refusal_of_the_second_sending_counts_once_reading_has_shown_that_nothing_landed(ports: Ports) -> None:
    refusal = Rejected("no money", status=400)
    waits = Script(lambda: Waits("no_money"))
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED, refusal, refusal, "done"), refusal=waits))
    for _ in range(3):
        promise.keep()
    for _ in range(2):
        assert promise.keep() == "unknown: rejected"
        assert promise.keep() == "unknown: rejected"
        assert promise.stands == ("unknown", "rejected")
        assert promise.keep().endswith("no_money")
        assert (promise.stands, promise.now.sends) == (("decided", "no_money"), 1)
    assert promise.keep() == "confirmed"
    assert act.sendings == 4


def test_a_refusal_for_good_of_the_second_sending_is_held_for_what_it_says(ports: Ports) -> None:
    promise = Promise(ports, LittleAct(sent=Script(UNANSWERED, Rejected("never", status=400))))
    outcomes = [promise.keep() for _ in range(6)]
    assert outcomes[-1] == "held: little_act_rejected"
    assert promise.now.detail == "never"


@pytest.mark.parametrize(
    "failure", [Retryable("OR11: 503"), CredentialsRefused("401"), Waits("not_yet"), WaitsFor("not_yet", 1.0)]
)
def test_an_outcome_stays_unknown_while_nobody_can_look(ports: Ports, failure: Exception) -> None:
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED), found=Script(failure, failure, "found")))
    promise.keep()
    for _ in range(2):
        promise.keep()
        assert promise.stands == ("unknown", "outcome_unknown")
    assert promise.keep() == "confirmed"
    assert act.sendings == 1


def test_an_outcome_stays_unknown_where_looking_fails_in_a_way_that_nobody_foresaw(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(sent=Script(UNANSWERED), found=Script(KeyError("?"), "found")))
    promise.keep()
    with pytest.raises(KeyError):
        promise.keep()
    assert promise.stands == ("unknown", "outcome_unknown")
    assert promise.keep() == "confirmed"
    assert act.sendings == 1


def test_what_is_found_and_cannot_be_told_apart_is_held(ports: Ports) -> None:
    promise = Promise(ports, LittleAct(sent=Script(UNANSWERED), found=Script(Held("ambiguous_refund", "Two of them."))))
    promise.keep()
    assert promise.keep() == "held: ambiguous_refund"


def test_a_claim_that_expired_after_sending_is_read_back(ports: Ports) -> None:
    promise = Promise(ports, act := LittleAct(found=Script("found")))
    with ports.ledger.write() as tx:
        intent = intents.claim(tx, promise.id, lease=-1)
        assert intent is not None
        intents.write_ahead(tx, intent, {"prepared": "ready"})
        intents.expire(tx, settling=60, reads_only=[])
    assert promise.keep() == "confirmed"
    assert (act.sendings, act.recorded) == (0, ["found"])


def test_a_guarded_call_is_read_at_once_and_sent_again_after_one_absence(ports: Ports) -> None:
    promise = Promise(ports, act := GuardedAct(sent=Script(UNANSWERED, "done")))
    assert promise.keep() == "unknown: outcome_unknown"
    assert promise.due_in() <= 0
    assert promise.keep().endswith("not_found")
    assert promise.keep() == "confirmed"
    assert act.sendings == 2


def test_a_refused_guarded_call_may_be_done_already(ports: Ports) -> None:
    promise = Promise(
        ports, act := GuardedAct(sent=Script(Rejected("invalid state", status=400)), found=Script("it is"))
    )
    assert promise.keep() == "unknown: rejected"
    assert promise.keep() == "confirmed"
    assert act.sendings == 1


def test_a_guarded_call_that_is_refused_and_not_done_is_shown_after_the_last_refusal(ports: Ports) -> None:
    promise = Promise(ports, act := GuardedAct(sent=Script(Rejected("invalid state", status=400))))
    outcomes = [promise.keep() for _ in range(4)]
    assert outcomes[-1] == "held: little_act_rejected"
    assert (act.sendings, promise.now.detail) == (GuardedAct.max_refusals, "invalid state")


def test_a_guarded_call_without_an_answer_is_sent_for_as_long_as_it_takes(ports: Ports) -> None:
    promise = Promise(ports, act := GuardedAct(sent=Script(*[UNANSWERED] * 5, "done")))
    outcomes = [promise.keep() for _ in range(11)]
    assert outcomes[-1] == "confirmed"
    assert act.sendings == 6


def test_what_was_refused_again_and_again_is_still_sent_when_its_cause_is_mended(ports: Ports) -> None:
    """M13: a replay that ended as "sent 2 times, no answer" where every sending was answered with a refusal."""
    refusal = Rejected("never", status=400)
    promise = Promise(ports, act := LittleAct(sent=Script(*[refusal] * 4, "done")))
    for _ in range(4):
        while promise.now.state != "held":
            promise.keep()
        assert promise.stands == ("held", "little_act_rejected")
        with ports.ledger.write() as tx:
            intents.reopen(tx, tx.session.get_one(Intent, promise.id), reason="replayed", state="unknown")
    while promise.now.state not in ("held", "confirmed"):
        promise.keep()
    assert (promise.stands, act.sendings) == (("confirmed", None), 5)
