"""`backhaul review`: the inbox of cases that wait for a person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from integration.cli.options import AsJson, Limit
from integration.cli.output import print_json, show_list, shown
from integration.cli.session import acting, reading
from integration.ledger.lists import list_reviews as ledger_reviews
from integration.ledger.reviews import get_review
from integration.usecases.next_steps import Verb, next_steps
from integration.usecases.recovery_state import NEXT_STEP, WITHHELD, recovery_state
from integration.usecases.refusal import Refused
from integration.usecases.resolve_review import resolve_review

app = typer.Typer(help="Cases that wait for a person.", no_args_is_help=True)

COLUMNS = ("review_id", "kind", "subject", "reason", "opened_at", "state", "detail")


@app.command("list", epilog="Example: backhaul review list --json")
def list_reviews(
    everything: Annotated[bool, typer.Option("--all", help="The resolved ones as well.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Open cases, oldest first."""
    with reading() as tx:
        show_list(
            ledger_reviews(tx, state=None if everything else "open"), review_row, columns=COLUMNS, as_json=as_json,
            limit=limit, selected=False, newest=everything, empty="No case waits for a person.",
            next_step="All about one: backhaul review show REVIEW_ID",
        )  # fmt: skip
        recovery = recovery_state(tx)
    if recovery is not None and not recovery.is_first_look and not as_json:
        typer.echo(f"IN RECOVERY: {recovery.detail} {WITHHELD} See `{NEXT_STEP}`.")


@app.command(epilog="Example: backhaul review show 7d0f2a3c-1e1b-4a37-9f6a-6a2b1c0d9e11")
def show(review_id: UUID, as_json: AsJson = False) -> None:
    """One case: what is wrong, the figures, and what can be done."""
    with reading() as tx:
        review = get_review(tx, review_id)
        if review is None:
            raise Refused(f"There is no review {review_id}: see `backhaul review list --all`.")
        document = review_row(review)
        steps = next_steps(review)
    if as_json:
        print_json({**document, "next_steps": [step._asdict() for step in steps]})
        return
    for name, value in document.items():
        if name != "evidence":
            typer.echo(f"{name.replace('_', ' '):14}{shown(value)}")
    if review.evidence:
        typer.echo("evidence")
        print_json(review.evidence)
    for step in steps:
        typer.echo(f"Where {step.when}: {step.command}")


@app.command(
    epilog="Example: backhaul review resolve REVIEW_ID --done --refund-id 1113 --note 'seen in the back office'"
)
def resolve(
    review_id: UUID,
    note: Annotated[
        str, typer.Option(help="Why; kept with your name in the audit trail. No personal data. --approve needs none.")
    ] = "",
    done: Annotated[bool, typer.Option("--done", help="It is done on the other side.")] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="It is not done there: send it again.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="It is not to be done at all.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="A refund above its limit may be paid.")] = False,
    refund_id: Annotated[str | None, typer.Option(help="With --done: Mirakl's id of the refund it is.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decided, where that is not you.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decide a case by hand."""
    given: dict[Verb, bool] = {"done": done, "send_again": send_again, "dismiss": dismiss, "approve": approve}
    chosen = [verb for verb, wanted in given.items() if wanted]
    if len(chosen) != 1:
        raise typer.BadParameter("give exactly one of --done, --send-again, --dismiss and --approve")
    if refund_id is not None and not done:
        raise typer.BadParameter("--refund-id goes with --done")
    if not note.strip() and not approve:
        raise typer.BadParameter("say why", param_hint="--note")
    with acting() as ports:
        outcome = resolve_review(ports, review_id, chosen[0], note=note.strip(), by=by, mirakl_refund_id=refund_id)
    if as_json:
        print_json({"review_id": review_id, "state": "resolved", "outcome": outcome})
    else:
        typer.echo(outcome)


def review_row(review: Any) -> dict[str, Any]:
    """A case, or its row in a list, as `--json` shows it. `subject` is the id that `replay` of its kind takes."""
    return {
        "review_id": review.id,
        "kind": review.kind,
        "subject": review.subject,
        "reason": review.reason,
        "detail": review.detail,
        "evidence": review.evidence,
        "opened_at": review.opened_at,
        "state": review.state,
        "resolved_at": review.resolved_at,
        "resolved_by": review.resolved_by,
        "resolution": review.resolution,
    }
