"""What a question of why something is late is about: a feature, a team, a story, a customer; or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from agents.delivery_causes.gathering import Wanted
from agents.plans.rows import plan_by_id
from governance.visibility import EVERYTHING, Scope
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.subjects import Unclear
from handlers.delivery.whereabouts.subjects import named_in, subject_of
from handlers.language.resolver import Found, NotThere, Several, resolve_all
from handlers.language.words import tokens
from integrations.pages import everything
from integrations.tracker import Epic, EpicQuery, StoryQuery, StoryStatus

_BESIDES = frozenset(
    tokens(
        "why late delay delayed delays delaying block blocks blocked blocking blocker blockers hold holds held"
        " holding holdup stuck stop stops stopping stopped wait waits waiting dependency dependencies depend"
        " impediment impediments cross across between behind schedule overdue slip slipping slipped missed miss"
        " root cause causes causing reason problem problems explain because take takes taking long so not isn"
        " aren hasn haven wasn hurdle unblock need needs keep keeping keeps way critical list whom whose how"
        " come shall should would supposed happened week yesterday friday monday help against hang hanging open"
        " by from s t due until being still anyone somebody someone"
    )
)
_MOST_OF_CUSTOMER = 200
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about, and what that is called."""

    wanted: Wanted
    title: str


async def subject_meant(desk: Desk, text: str, scope: Scope) -> Subject:
    """What the words are about. Raises Unclear, CannotAnswer."""
    if scope.everything and (team := await _team(desk, text)) is not None:
        return team
    found = await subject_of(desk, text, scope, besides=_BESIDES)
    match found:
        case Found():
            return await _of(desk, found, scope)
        case Several():
            return await _one_feature(desk, found, scope)
        case NotThere() if (known := await _in_part(desk, found.written, scope)) is not None:
            return known
        case NotThere():
            raise Unclear(found)
    if (unknown := named_in(text, _BESIDES)) and (known := await _in_part(desk, unknown, scope)) is not None:
        return known
    if unknown:
        raise CannotAnswer(
            f"I find no feature, team, story or customer called “{unknown}”. Ask “what is blocked?” for all."
        )
    if scope.everything:
        return Subject(Wanted(), "the department")
    return await _of_accounts(desk, scope, None, "your customers' work")


async def _team(desk: Desk, text: str) -> Subject | None:
    named = await resolve_all(desk, text, "team", EVERYTHING)
    found = [one for one in named if isinstance(one, Found)]
    return Subject(Wanted(team=found[0].id), found[0].name) if len(found) == 1 else None


async def _of(desk: Desk, found: Found, scope: Scope) -> Subject:
    match found.kind:
        case "epic":
            return await _feature(desk, await desk.ports.tracker.epic(scope, found.id), scope)
        case "plan":
            epic = (await plan_by_id(desk.tx, found.id)).epic
            if epic is None:
                raise CannotAnswer(f"“{found.name}” has no stories yet, so nothing can hold them up.")
            return await _feature(desk, await desk.ports.tracker.epic(scope, epic), scope)
        case "account":
            return await _of_accounts(desk, scope, found.id, found.name)
        case "request":
            return await _of_request(desk, found, scope)
        case _:
            return Subject(Wanted(stories=(found.id,)), f"{found.id} “{found.name}”")


async def _feature(desk: Desk, epic: Epic, scope: Scope) -> Subject:
    """An epic, with the others that come from the same document: a feature across teams has several."""
    together = [epic]
    if epic.document:
        query = EpicQuery(document=epic.document)
        others = await everything(partial(desk.ports.tracker.epics, scope), query)
        together += [one for one in others if one.id != epic.id and one.status is not StoryStatus.CANCELLED]
    desk.memory.about(item=epic.id, epic=epic.id)
    title = epic.title if len(together) == 1 else " and ".join(sorted(one.title for one in together)[:3])
    return Subject(Wanted(epics=tuple(sorted(one.id for one in together))), title)


async def _one_feature(desk: Desk, found: Several, scope: Scope) -> Subject:
    """Several epics of one document are one feature; anything else is asked about. Raises Unclear."""
    ids = [one.id for one in found.candidates if one.kind == "epic"]
    if len(ids) < len(found.candidates):
        raise Unclear(found)
    epics = [await desk.ports.tracker.epic(scope, id) for id in ids]
    if len({one.document for one in epics}) == 1 and epics[0].document:
        return await _feature(desk, epics[0], scope)
    unfinished = [one for one in epics if one.status is not StoryStatus.DONE]
    if len({one.document for one in unfinished}) == 1 and unfinished[0].document:
        return await _feature(desk, unfinished[0], scope)
    if len(unfinished) == 1:
        return await _feature(desk, unfinished[0], scope)
    raise Unclear(found)


async def _in_part(desk: Desk, words: str, scope: Scope) -> Subject | None:
    """Unfinished epics whose titles share these words: one, or several of one document."""
    found = await desk.ports.tracker.find_epics(scope, words, EpicQuery(status=_OPEN, limit=5))
    if found and len({one.document or one.id for one in found}) == 1:
        return await _feature(desk, found[0], scope)
    return None


async def _of_accounts(desk: Desk, scope: Scope, account: str | None, title: str) -> Subject:
    query = StoryQuery(customer=account, status=_OPEN, newest_first=True, limit=_MOST_OF_CUSTOMER)
    stories = (await desk.ports.tracker.stories(scope, query)).items
    if not stories:
        raise CannotAnswer(f"Nothing is open for {title}, so nothing is late.")
    return Subject(Wanted(stories=tuple(one.id for one in stories)), title)


async def _of_request(desk: Desk, found: Found, scope: Scope) -> Subject:
    asked = [one for one in await desk.ports.customers.requests(scope) if one.id == found.id]
    items: Sequence[str] = asked[0].items if asked else ()
    epics = await everything(partial(desk.ports.tracker.epics, scope), EpicQuery(ids=frozenset(items)))
    stories = await everything(partial(desk.ports.tracker.stories, scope), StoryQuery(ids=frozenset(items)))
    wanted = Wanted(tuple(one.id for one in epics), None, () if epics else tuple(one.id for one in stories))
    if wanted.is_everything:
        raise CannotAnswer(f"Nothing of “{found.name}” is planned yet, so it has no date that could slip.")
    return Subject(wanted, found.name)
