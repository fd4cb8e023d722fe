"""What people say of a pull request from its card, in their own name and of exactly the commit that it showed:
that they approve of it, that they ask for changes, or a comment."""

from __future__ import annotations

import re
from typing import Any

from agents.engineering.repositories import service_of
from agents.engineering.story_text import neutral
from governance.people import Person
from handlers.conversation.cards import Button, Buttons, Card, Form, Input, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.submitting import asked_reply, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import role_labels
from handlers.delivery.pull_requests.approval_details import show_button
from handlers.office.matrix_change import ruling_policy
from integrations.code_host import UnderQuery
from integrations.code_host.actions import CodeAction, CommentOnPullRequest, ReviewInPerson
from integrations.code_host.pull_requests import PullRequest, PullRequestState, ReviewVerdict
from integrations.code_host.refusals import CodeHostError
from integrations.pages import everything
from integrations.tracker.lines import LONGEST_TEXT, plain_text

APPROVE, ASK, COMMENT = "approve_change", "ask_for_changes", "comment_on_change"
_SHOWN = re.compile(r"(?P<repository>.+)#(?P<number>\d+)@(?P<sha>[0-9a-f]+)")
_CHANGES = Form("Ask for changes", "Ask for them", (Input("text", "What should change, and why?", "text"),))
_COMMENT = Form("Comment", "Say it", (Input("text", "What do you say of it?", "text"),))


async def may_say(desk: Desk, person: Person | None, pull: PullRequest) -> tuple[tuple[Button, ...], str]:
    """What this person may say of a pull request as it is now, nothing of one that is over; and why they may
    not review this one, where they review others."""
    if person is None or pull.state is not PullRequestState.OPEN:
        return (), ""
    shown = f"{pull.repository}#{pull.number}@{pull.head_sha}"
    buttons: tuple[Button, ...] = ()
    if await _why_not(desk, person, CommentOnPullRequest) is None:
        buttons = (Button("Comment", COMMENT, shown, form=_COMMENT),)
    if await _why_not(desk, person, ReviewInPerson) is not None:
        return buttons, ""
    if why := _why_not_this(desk, person, pull):
        return buttons, why
    approve = Button("Approve the change", APPROVE, shown, "primary")
    return (approve, Button("Ask for changes", ASK, shown, form=_CHANGES), *buttons), ""


async def press_approve(turn: Turn, desk: Desk) -> Reply:
    """Approve of exactly what the card showed. Raises CannotAnswer."""
    return await _review(turn, desk, ReviewVerdict.APPROVED)


async def press_ask(turn: Turn, desk: Desk) -> Reply:
    """Ask for changes of exactly what the card showed. Raises CannotAnswer."""
    return await _review(turn, desk, ReviewVerdict.CHANGES_REQUESTED)


async def press_comment(turn: Turn, desk: Desk) -> Reply:
    """Say something under it. Raises CannotAnswer."""
    person = known(turn)
    if (why := await _why_not(desk, person, CommentOnPullRequest)) is not None:
        raise CannotAnswer(why)
    pull, shown = await _pull_request(turn, desk)
    if (moved := _moved(turn, pull, shown)) is not None:
        return moved
    about = await _about(desk, pull, "Shown under the pull request; nothing is decided by it.", "It stays.")
    comment = CommentOnPullRequest(sha=shown, text=_text(turn), person=person.id, **about)
    return await asked_reply(desk, comment, await submit(turn, desk, comment))


async def _review(turn: Turn, desk: Desk, verdict: ReviewVerdict) -> Reply:
    person = known(turn)
    if (why := await _why_not(desk, person, ReviewInPerson)) is not None:
        raise CannotAnswer(why)
    pull, shown = await _pull_request(turn, desk)
    if why := _why_not_this(desk, person, pull):
        raise CannotAnswer(f"{why} Nothing was said.")
    if (moved := _moved(turn, pull, shown)) is not None:
        return moved
    approves = verdict is ReviewVerdict.APPROVED
    if approves and await _approved_by(desk, pull, person):
        raise CannotAnswer(f"You have approved {pull} as it is already.")
    about = await _about(
        desk,
        pull,
        "Counts as their review of exactly this commit." if approves else "It is not merged as it is.",
        "Review it again: the newest word counts.",
    )
    text = "" if approves else _text(turn)
    review = ReviewInPerson(sha=shown, verdict=verdict, text=text, person=person.id, **about)
    return await asked_reply(desk, review, await submit(turn, desk, review))


async def _why_not(desk: Desk, person: Person, action: type[CodeAction]) -> str | None:
    """Why the matrix leaves this to others than this person."""
    may = (await ruling_policy(desk)).rows[action.decision_type].in_person
    if person.holds(*may):
        return None
    what = "Reviewing a change" if action is ReviewInPerson else "Commenting on a change"
    return f"{what} takes the {role_labels(one.value for one in may)}. Nothing was said."


def _why_not_this(desk: Desk, person: Person, pull: PullRequest) -> str:
    if not desk.ports.code_host.reviews_for_people:
        return "This code host takes a person's review from that person alone, on the pull request's own page."
    return "You opened it, so somebody else reviews it." if pull.author == person.id else ""


async def _approved_by(desk: Desk, pull: PullRequest, person: Person) -> bool:
    """Whether the newest review of this person is an approval of this commit."""
    reviews = await everything(desk.ports.code_host.reviews, UnderQuery(pull.repository, pull.number))
    theirs = [one for one in reviews if one.author == person.id][-1:]
    return any(one.verdict is ReviewVerdict.APPROVED and one.sha == pull.head_sha for one in theirs)


async def _pull_request(turn: Turn, desk: Desk) -> tuple[PullRequest, str]:
    """The pull request as it is now, and the commit that the card showed. Raises CannotAnswer."""
    found = _SHOWN.fullmatch(_clicked(turn).subject)
    if found is None:
        raise CannotAnswer("That card does not say which pull request it showed. Nothing was said.")
    try:
        pull = await desk.ports.code_host.pull_request(found["repository"], int(found["number"]))
    except CodeHostError as refused:
        raise CannotAnswer(f"{refused} Nothing was said.") from refused
    if pull.state is not PullRequestState.OPEN:
        raise CannotAnswer(f"{pull} is {pull.state} already. Nothing was said.")
    return pull, found["sha"]


def _moved(turn: Turn, pull: PullRequest, shown: str) -> Reply | None:
    """The answer where it has another commit by now than the card showed."""
    if pull.head_sha == shown:
        return None
    text = (
        f"{pull} has changed since: it is at {pull.head_sha[:12]} by now, and that card showed {shown[:12]}."
        " Nothing was said. Look at it again."
    )
    again = Buttons((show_button(pull.repository, pull.number),))
    card = Card(f"{pull} has changed", (Text((text,)), again), "warning")
    return Reply(text=text, cards=(card,), aside=turn.identity)


async def _about(desk: Desk, pull: PullRequest, impact: str, rollback: str) -> dict[str, Any]:
    service = await service_of(pull.repository, desk.ports)
    return {
        "repository": pull.repository,
        "number": pull.number,
        "service": None if service is None else service.id,
        "rationale": "Said from the card that showed this commit.",
        "impact": impact,
        "rollback_plan": rollback,
    }


def _text(turn: Turn) -> str:
    """What was written into the form; a code host reads no mention or command in it. Raises CannotAnswer."""
    text = neutral(str(_clicked(turn).values.get("text", "")).strip())
    if not plain_text(text).strip():
        raise CannotAnswer("There are no words in it. Press again, and write them.")
    if len(text) > LONGEST_TEXT:
        raise CannotAnswer(f"That is longer than {LONGEST_TEXT:,} characters. Nothing was said.")
    return text


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what
