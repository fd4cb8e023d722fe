"""What approval cards of merges say besides: a button that shows the pull request that would be merged."""

from __future__ import annotations

from collections.abc import Sequence

from governance.action import Action
from governance.tables import ApprovalRow
from handlers.conversation.cards import Button
from handlers.conversation.desk import Desk
from handlers.conversation.details import ApprovalDetails, Details
from integrations.code_host.actions import MergePullRequest


async def _describe(_desk: Desk, _row: ApprovalRow, actions: Sequence[Action]) -> Details:
    merges = [one for one in actions if isinstance(one, MergePullRequest)]
    return Details(buttons=tuple(show_button(one.repository, one.number) for one in merges[:1]))


def show_button(repository: str, number: int) -> Button:
    """Shows a pull request's card to whoever presses."""
    return Button(
        f"Show {repository}#{number}", "ask", f"pull_requests show pull request {number} of {repository}"
    )


DETAILS = ApprovalDetails(MergePullRequest.decision_type, _describe)
