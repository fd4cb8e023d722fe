"""What a question of where something is, is about: by id, by name, or what the thread is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from agents.plans.tables import PlanRow
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find, find_all
from handlers.language.words import tokens
from integrations.tracker import Epic, NoSuchItem, Story, StoryQuery, StoryStatus

Kind = Literal["epic", "story", "plan", "request", "account"]

_TICKET = re.compile(r"\b(?:CARD|EPIC)-\d+\b|\bREQ-\d+\b|\bpl_[0-9a-f]{10}\b", re.IGNORECASE)
_QUESTION = frozenset(
    tokens(
        "status overview update updates progress latest quick check overall current currently right now"
        " today what which is are was the a an of on in at to for with and or do does did have has had been"
        " be get give show tell see please how far where when who any there it this that i we us you me my"
        " our your they them thing stand run running work works worked working going flight happening doing"
        " up moment yet still done ready finished shipped live long left finish started begun begin hows"
        " whats wheres can could"
    )
)
_GENERAL = frozenset(
    tokens(
        "anything everything something all agents agent department team teams plans plan features feature"
        " stories story epics epic requests request item items customers customer account accounts runs"
    )
)
_IT = re.compile(r"\b(?:it|this|that|they|one)\b", re.IGNORECASE)
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that the asker may see: its kind, id and name."""

    kind: Kind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Several:
    """Several things may be meant, likeliest first."""

    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class NotThere:
    """An id was written that is nothing the asker may see."""

    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """A subject with the other names that it goes by."""

    subject: Subject
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _PlanName:
    id: str
    title: str
    document: str
    epic: str | None


async def subject_of(
    desk: Desk, text: str, scope: Scope, *, besides: frozenset[str] = frozenset()
) -> Subject | Several | NotThere | None:
    """What the text asks about, among what the scope reaches; None where it names nothing.

    `besides` are words of the request itself ("raise", "priority"), which name nothing.
    """
    if written := _TICKET.search(text):
        return await _by_id(desk, written[0], scope)
    named = named_in(text, besides)
    if not named:
        about = desk.memory.topic.get("item") if _IT.search(text) else None
        return None if about is None else await _by_id(desk, about, scope)
    found = _find(text, await _features(desk, scope), besides)
    if found is None:
        open_stories = await desk.ports.tracker.stories(scope, StoryQuery(status=_OPEN))
        found = _find(text, [Named(_of_story(story)) for story in open_stories], besides)
    return found


def named_in(text: str, besides: frozenset[str] = frozenset()) -> str:
    """The words of a question that are not words of every such question; empty where it names nothing."""
    words = [word for word in tokens(text) if any(map(str.isalpha, word))]
    return " ".join(word for word in words if word not in _QUESTION | _GENERAL | besides)


async def subjects_of(
    desk: Desk, text: str, scope: Scope, *, besides: frozenset[str] = frozenset()
) -> tuple[Subject, ...]:
    """Every feature that the text calls by name, in the order in which they are said."""
    named = await _features(desk, scope)
    by_id = {one.subject.id: one.subject for one in named}
    things = tuple(Thing(one.subject.id, one.subject.name, one.aliases) for one in named)
    whole = [by_id[thing.id] for thing in find_all(text, things)]
    parts = (
        _find(part, named, besides) for part in re.split(r",|;|\b(?:or|and|than|before|ahead of|then)\b", text)
    )
    near = [part for part in parts if isinstance(part, Subject)]
    return tuple(dict.fromkeys((*whole, *near)))


def names_an_id(text: str) -> bool:
    """Whether a thing's id is written out, so that nothing else can be meant."""
    return _TICKET.search(text) is not None


async def _by_id(desk: Desk, written: str, scope: Scope) -> Subject | NotThere:
    if written.lower().startswith("pl_"):
        plan = (await desk.tx.execute(select(PlanRow.title).where(PlanRow.id == written.lower()))).scalar()
        known = plan is not None and scope.everything
        return Subject("plan", written.lower(), str(plan)) if known else NotThere(written)
    wanted = written.upper()
    if wanted.startswith("REQ-"):
        requests = await desk.ports.customers.requests(scope)
        return next((Subject("request", r.id, r.what) for r in requests if r.id == wanted), NotThere(wanted))
    if wanted.startswith("EPIC-"):
        epics = await desk.ports.tracker.epics(scope)
        return next((_of_epic(epic) for epic in epics if epic.id == wanted), NotThere(wanted))
    try:
        return _of_story(await desk.ports.tracker.story(scope, wanted))
    except NoSuchItem:
        return NotThere(wanted)


async def _features(desk: Desk, scope: Scope) -> list[Named]:
    """Epics, plans that no epic stands for yet, and accounts, with the other names they go by."""
    plans = await _plans(desk) if scope.everything else []
    under_way = {plan.epic for plan in plans}
    found = [Named(Subject("plan", plan.id, plan.title), (plan.document,)) for plan in plans]
    seen: set[str] = set()
    for epic in await desk.ports.tracker.epics(scope):  # newest first: of two of one name the newer counts
        if epic.id in under_way or epic.title in seen or epic.status is StoryStatus.CANCELLED:
            continue
        seen.add(epic.title)
        found.append(Named(_of_epic(epic), tuple(filter(None, [epic.document]))))
    accounts = await desk.ports.customers.accounts(scope)
    return [*found, *(Named(Subject("account", one.id, one.name), one.aliases) for one in accounts)]


async def _plans(desk: Desk) -> list[_PlanName]:
    """The columns that are needed, never the drafts; of one document's plans the newest."""
    query = select(PlanRow.id, PlanRow.title, PlanRow.document, PlanRow.epic).where(
        PlanRow.state.in_(("drafting", "proposed", "executing", "paused"))
    )
    rows = await desk.tx.execute(query.order_by(PlanRow.created))
    return list({row[2]: _PlanName(*row) for row in rows}.values())


def _find(text: str, named: Sequence[Named], besides: frozenset[str] = frozenset()) -> Subject | Several | None:
    """A whole name counts as it is said; for a part of one the words of the request are left out."""
    by_id = {one.subject.id: one.subject for one in named}
    things = tuple(Thing(one.subject.id, one.subject.name, one.aliases) for one in named)
    whole = find_all(text, things)
    if len(whole) == 1:
        return by_id[whole[0].id]
    telling = " ".join(word for word in tokens(text) if word not in _QUESTION | besides)
    match find(telling, things):
        case Resolved(thing):
            return by_id[thing.id]
        case Ambiguous(candidates):
            return Several(tuple(by_id[thing.id] for thing in candidates))
    return None


def _of_epic(epic: Epic) -> Subject:
    return Subject("epic", epic.id, epic.title)


def _of_story(story: Story) -> Subject:
    return Subject("story", story.id, story.title)
