"""Where a customer's requests are, for those who may see that customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from governance.visibility import Scope
from handlers.conversation.cards import Bold, Bullets, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.delivery.plans.words import day_text
from handlers.delivery.whereabouts.words import PLAIN, plain_text
from integrations.customers import Request
from integrations.pages import everything
from integrations.tracker import EpicQuery, StoryQuery, StoryStatus

_RESTRICTED = "it is about single customers"


async def account_reply(desk: Desk, account: str, scope: Scope) -> Reply:
    """All that one customer asked for, and where each of it is."""
    found = await desk.ports.customers.account(scope, account)
    asked = await desk.ports.customers.requests(scope, account=account)
    return _reply(
        f"Requests of {found.name}", asked, await statuses(desk, scope, asked), "It has asked for nothing yet."
    )


async def request_reply(desk: Desk, request: str, scope: Scope) -> Reply:
    """One request, by its id."""
    asked = [one for one in await desk.ports.customers.requests(scope) if one.id == request]
    desk.memory.about(item=request)
    known = await statuses(desk, scope, asked)
    return _reply(f"Request {request}", asked, known, "There is no such request.")


async def statuses(desk: Desk, scope: Scope, asked: Sequence[Request]) -> Mapping[str, tuple[str, StoryStatus]]:
    """Title and status, by id, of the items of these requests that the scope reaches."""
    items, tracker = frozenset(item for request in asked for item in request.items), desk.ports.tracker
    stories = await everything(partial(tracker.stories, scope), StoryQuery(ids=items))
    epics = await everything(partial(tracker.epics, scope), EpicQuery(ids=items))
    known = {story.id: (story.title, story.status) for story in stories}
    return known | {epic.id: (epic.title, epic.status) for epic in epics}


def request_line(request: Request, known: Mapping[str, tuple[str, StoryStatus]]) -> tuple[Inline, ...]:
    """One request with where its items are; items that the asker may not see are not named."""
    items = [f"{known[item][0]}: {PLAIN[known[item][1]]}" for item in request.items if item in known]
    needed = f", needed by {day_text(request.needed_by)}" if request.needed_by else ""
    state = "; ".join(items) or "nothing of it is planned yet"
    return (Bold(request.what), f" (asked {day_text(request.asked)}{needed}). {state}.")


def _reply(
    title: str, asked: Sequence[Request], known: Mapping[str, tuple[str, StoryStatus]], nothing: str
) -> Reply:
    if not asked:
        return Reply(
            text=f"{title}: {nothing}", cards=(Card(title, (Text((nothing,)),)),), restricted=_RESTRICTED
        )
    lines = tuple(request_line(request, known) for request in asked)
    said = " ".join(plain_text(line) for line in lines)
    ids = ", ".join(request.id for request in asked)
    card = Card(title, (Bullets(lines), Small((ids,))))
    return Reply(text=f"{title}: {said}", cards=(card,), restricted=_RESTRICTED)
