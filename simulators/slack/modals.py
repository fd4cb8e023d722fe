"""Modals before somebody: sent, answered by the app, closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.slack import filling, interactions, limits
from simulators.slack.delivery import Delivery
from simulators.slack.filling import Answer
from simulators.slack.methods import views
from simulators.slack.records import Json, User, View
from simulators.slack.state import new_hash, with_ids

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


@dataclass(frozen=True)
class Submission:
    """What became of a modal that was sent. `errors` are by block id; `is_closed` says that it went away."""

    delivery: Delivery
    is_closed: bool
    errors: dict[str, str] = field(default_factory=dict)


async def submit(slack: FakeSlack, user: User, view: View, answers: dict[str, Answer]) -> Submission:
    """Send a modal's answers, and do with the modal what the app says. Raises NotFilledIn."""
    assert view in slack.state.modals.get(user.id, []), f"{user.handle} does not have “{view.title}” open"
    assert view.content.get("submit"), f"“{view.title}” cannot be submitted"
    values = filling.values(view.blocks, answers)
    payload = interactions.submitted(slack, user, view, values)
    delivery = await slack.courier.bring("interaction", payload)
    if not delivery.is_taken:
        return Submission(delivery, is_closed=False)
    answer = delivery.answer if isinstance(delivery.answer, dict) else {}
    errors = answer.get("errors") or {}
    if errors:
        _check_errors(view, errors)
        return Submission(delivery, is_closed=False, errors=errors)
    _obey(slack, user, view, answer)
    return Submission(delivery, is_closed=view not in slack.state.modals.get(user.id, []))


def _obey(slack: FakeSlack, user: User, view: View, answer: Json) -> None:
    stack = slack.state.modals[user.id]
    action = answer.get("response_action")
    if action == "clear":
        stack.clear()
    elif action in ("update", "push"):
        limits.check_view(answer["view"], "modal")
        content = {**answer["view"], "blocks": with_ids(answer["view"]["blocks"])}
        if action == "update":
            views.change(view, content, slack.state.now())
        else:
            pushed = View(
                slack.state.fresh_id("V"), new_hash(slack.state.now()), view.team_id, user.id, content
            )
            pushed.root_id, pushed.previous_id = view.root_id or view.id, view.id
            stack.append(pushed)
            slack.state.put_view(pushed)
    elif view in stack:
        stack.remove(view)
    slack.state.changed()


def _check_errors(view: View, errors: dict[str, str]) -> None:
    named = {block.get("block_id") for block in view.blocks if block["type"] == "input"}
    unknown = sorted(set(errors) - named)
    assert not unknown, f"errors for blocks that are no inputs of “{view.title}”: {unknown}"


async def close(slack: FakeSlack, user: User, view: View) -> None:
    """Close a modal; the app is told if the modal asks for that."""
    stack = slack.state.modals.get(user.id, [])
    assert view in stack, f"{user.handle} does not have “{view.title}” open"
    stack.remove(view)
    slack.state.changed()
    if view.content.get("notify_on_close"):
        await slack.courier.bring("interaction", interactions.closed(slack, user, view))
