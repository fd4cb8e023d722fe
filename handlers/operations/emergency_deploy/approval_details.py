"""Deployments: the SRE lead may go past a waiting approval, with a reason and a review afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from governance.action import Action
from governance.tables import ApprovalRow
from handlers.conversation.cards import Button, Form, Input
from handlers.conversation.desk import Desk
from handlers.conversation.details import ApprovalDetails, Details


def emergency_button(approval: str) -> Button:
    """Past the approval, for the SRE lead; whoever else presses it is told so."""
    form = Form(
        title="Emergency deployment",
        submit="Deploy without approval",
        inputs=(Input("reason", "What is broken, and why it cannot wait", "text"),),
        intro="This goes past the approval, not past a freeze. A review is due within 24 hours.",
    )
    return Button("Emergency…", "emergency_approval", approval, "danger", form)


async def _describe(_desk: Desk, row: ApprovalRow, _actions: Sequence[Action]) -> Details:
    return Details(buttons=(emergency_button(row.id),))


DETAILS = ApprovalDetails("deployments", _describe)
