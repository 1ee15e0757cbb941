"""Returns: RT11, RT21, RT25, RT26, RT27, RT29. They are logistics only: no call here moves money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from integration.http import Operation
from integration.mirakl import operations
from integration.mirakl.calls import Calls, batches
from integration.mirakl.wire.returns import Return, ReturnCompliance, ReturnResults, ReturnsAnswer
from integration.wire import instant, readable

PAGE = ("limit", "100")
"""RT11's maximum."""


class ReturnCalls(Calls):
    """Calls about returns.

    The writes take at most 100 returns and answer 200 even when none of them went through. Each raises:

    * `Retryable`: every return is as it was.
    * `Rejected`: every return is as it was.
    * `OutcomeUnknown`: some may have moved on, also where the answer leaves one out: read them (RT11).
    """

    def returns_updated_since(self, moment: datetime) -> Iterator[list[Return]]:
        """Returns that changed since then, a page at a time, oldest return first. RT11

        All pages together count once.

        :raises Retryable: the ceiling is closed, or a page cannot be read.
        """
        since = [("return_last_updated_from", instant(moment)), PAGE]
        for page in self._seek(operations.RT11, since):
            yield readable(operations.RT11, page, Return)

    def returns(self, return_ids: Sequence[str]) -> list[Return]:
        """These returns as they are now; one that this key may not see is left out. RT11

        Each hundred of them counts against the ceiling as the poll does: Mirakl makes no exception for ids.

        :raises Retryable: the ceiling is closed, or nothing was read.
        """
        found: list[Return] = []
        for batch in batches(return_ids):
            params = [*(("return_id", return_id) for return_id in batch), PAGE]
            for page in self._seek(operations.RT11, params):
                found += readable(operations.RT11, page, Return)
        return found

    def accept_returns(self, decisions: Sequence[tuple[str, bool]]) -> ReturnResults:
        """Accept (True) or refuse (False) returns that are WAITING_ACCEPTANCE. RT21"""
        return self._move(operations.RT21, [{"id": key, "accepted": accepted} for key, accepted in decisions])

    def receive_returns(self, return_ids: Sequence[str]) -> ReturnResults:
        """Say that whole returns have arrived. RT25"""
        return self._move(operations.RT25, [{"id": return_id} for return_id in return_ids])

    def assess_returns(self, assessed: Sequence[ReturnCompliance]) -> ReturnResults:
        """Say of every line of a return whether it came back as it should have. RT26"""
        return self._move(operations.RT26, [compliance.document() for compliance in assessed])

    def close_returns(self, return_ids: Sequence[str]) -> ReturnResults:
        """End returns that are RECEIVED. RT27"""
        return self._move(operations.RT27, [{"id": return_id} for return_id in return_ids])

    def cancel_returns(self, return_ids: Sequence[str]) -> ReturnResults:
        """End returns that will not arrive. RT29"""
        return self._move(operations.RT29, [{"id": return_id} for return_id in return_ids])

    def _move(self, operation: Operation, returns: list[dict[str, Any]]) -> ReturnResults:
        answer = self._call(operation, json={"returns": returns}).read(ReturnsAnswer)
        succeeded = frozenset(success.id for success in answer.return_success if success.id)
        errors = {error.id: error.message or "" for error in answer.return_errors if error.id}
        asked = {document["id"] for document in returns}
        if asked - succeeded - errors.keys() or succeeded & errors.keys():
            raise operation.unanswered("it does not say of every return either that it went through or why not")
        return ReturnResults(succeeded, errors)
