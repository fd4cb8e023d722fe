"""All that is found out about what a customer needs: who else asked, how much work it is, when it can be
there, what it is worth."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from agents.backlog import LATEST_DONE, LATEST_OPEN, Records, Wanted, WorkedOut, work_out
from agents.customers.business_case import BusinessCase, business_case
from agents.customers.delivery_date import Delivery
from agents.customers.effort import (
    Effort,
    finished_features,
    of_similar,
    of_what_is_left,
    said_by_a_person,
    stories_by_team,
)
from agents.customers.similar import Described, index_of
from agents.customers.tables import CustomerRequestRow
from agents.customers.work_ahead import OPEN, expected_of, own_work
from agents.planning.draft import NotEnoughHistory
from governance.department import Department
from governance.visibility import EVERYTHING, Scope
from handlers.conversation.desk import Desk
from handlers.language.resolver import Found, Several, resolve
from integrations.customers import Account, AccountQuery, Request
from integrations.pages import everything
from integrations.tracker import (
    Epic,
    EpicQuery,
    Priority,
    Sprint,
    SprintQuery,
    Story,
    StoryQuery,
    StoryStatus,
)

PRIORITY = Priority.P1
"""What a customer's request is started with."""

NEAREST_FROM, SAME_FROM = 0.25, 0.38
"""Likeness from which the nearest request asks for the same, and from which others do that wait for nothing of
what it waits for. The order is measured (`bench/similar_requests.py`); these were set by hand, on two dozen."""

_MOST = 10
_LIKELY = 2
_ALIKE = 100


@dataclass(frozen=True, slots=True)
class Asking:
    """A customer who asked for the same, and in which words."""

    account: Account
    request: Request


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a request. `asking` are the customers that the asker may see, each once, `others` how
    many more asked; `left` are the open stories of `epic`, or the customer's own `story`. `sprint` is the
    next one of `team`; `sees_all` if the asker may see items that are not these customers'. `likely` are
    features that the words are only like, of those that the asker may see: nothing is taken for one of them
    unasked."""

    account: Account
    own: tuple[Request, ...]
    asking: tuple[Asking, ...]
    others: int
    epic: Epic | None
    story: Story | None
    left: tuple[Story, ...]
    worked: WorkedOut
    team: str
    effort: Effort | NotEnoughHistory
    hourly: Decimal
    delivery: Delivery | NotEnoughHistory
    business: BusinessCase
    sprint: Sprint | None
    sees_all: bool
    sees_epic: bool
    likely: tuple[Epic, ...]


async def look(desk: Desk, row: CustomerRequestRow, scope: Scope) -> Case:
    """Find it all out, as far as the asker may see it. Raises NoSuchAccount."""
    account = await desk.ports.customers.account(scope, row.account)
    requests = await desk.ports.customers.requests(EVERYTHING)
    same = await _the_same(row.what, requests)
    epic = await _feature(desk, row, same)
    if epic is not None:
        same = [one for one in requests if one in same or epic.id in one.items]
    mine = tuple(one for one in same if one.account == row.account)
    asking, others = await _who_asked(desk, scope, [one for one in same if one.account != row.account])
    work = await own_work(desk.ports.tracker, _items(row, epic, mine))
    story = _own_story(row, work.left, mine)
    done, worked = await _worked_out(desk, row)
    team = _team(work.left, worked)
    effort = await _effort(desk, row, work.left, done)
    hourly = _hourly(desk.department, team)
    counts = {} if isinstance(effort, NotEnoughHistory) else stories_by_team(effort, work.left, team)
    today = desk.now.date()
    delivery = (
        effort
        if isinstance(effort, NotEnoughHistory)
        else await expected_of(
            desk.ports.tracker, desk.department, counts, work.left, PRIORITY, today, row.needed_by
        )
    )
    hours = 0.0 if isinstance(effort, NotEnoughHistory) else effort.hours
    return Case(
        account,
        mine,
        asking,
        others,
        epic,
        story,
        work.left,
        worked,
        team,
        effort,
        hourly,
        delivery,
        business_case((account, *(one.account for one in asking)), hours, hourly),
        await _next_sprint(desk, team),
        scope.everything,
        await _is_seen(desk, epic, scope),
        await _alike(desk, row.what, scope) if epic is None else (),
    )


async def _the_same(what: str, requests: Sequence[Request]) -> list[Request]:
    """Those who asked for it in other words, most similar first."""
    if not requests:
        return []
    texts = tuple(Described(one.what) for one in requests)

    def found() -> list[Request]:
        near = index_of(texts).nearest(Described(what), _MOST)
        sure = [one for one in near if one.likeness >= SAME_FROM]
        likely = [one for one in near[:1] if one.likeness >= NEAREST_FROM]
        return [requests[one.place] for one in (sure or likely)]

    return await asyncio.to_thread(found)


async def _feature(desk: Desk, row: CustomerRequestRow, same: Sequence[Request]) -> Epic | None:
    """The open feature that it is a part of: the one that it was taken for, or that most of those who asked
    for the same wait for, or that is called by its name."""
    tracker = desk.ports.tracker
    named = Counter(item for one in same for item in one.items if tracker.epic_ids.first(item))
    wanted = [row.epic] if row.epic else [item for item, _ in named.most_common(_MOST)]
    if wanted:
        return next(iter(await open_epics(desk, wanted, EVERYTHING)), None)
    if isinstance(called := await resolve(desk, row.what, ("epic",), EVERYTHING), Found) and called.sure:
        return next(iter(await open_epics(desk, [called.id], EVERYTHING)), None)
    found = await tracker.find_epics(EVERYTHING, row.what, EpicQuery(status=OPEN, limit=_MOST))
    if not found:
        return None

    def closest() -> Epic | None:
        near = index_of(tuple(Described(epic.title) for epic in found)).nearest(Described(row.what), 1)
        return found[near[0].place] if near and near[0].likeness >= SAME_FROM else None

    return await asyncio.to_thread(closest)


async def _alike(desk: Desk, what: str, scope: Scope) -> tuple[Epic, ...]:
    """Open features that the words may mean, likeliest first."""
    meant = await resolve(desk, what, ("epic",), scope)
    named = meant.candidates if isinstance(meant, Several) else (meant,) if isinstance(meant, Found) else ()
    ids = [one.id for one in named[:_LIKELY]]
    return await open_epics(desk, ids, scope) if ids else ()


async def open_epics(desk: Desk, ids: Sequence[str], scope: Scope) -> tuple[Epic, ...]:
    """Those of these features that are open and within the scope, in this order."""
    page = await desk.ports.tracker.epics(scope, EpicQuery(ids=frozenset(ids), status=OPEN))
    there = {epic.id: epic for epic in page.items}
    return tuple(there[id] for id in ids if id in there)


async def _who_asked(desk: Desk, scope: Scope, same: Sequence[Request]) -> tuple[tuple[Asking, ...], int]:
    """The customers who asked for it, each once with its first request; those out of reach are counted."""
    first: dict[str, Request] = {}
    for one in same:
        first.setdefault(one.account, one)
    if not first:
        return (), 0
    query = AccountQuery(ids=frozenset(first))
    accounts = await everything(partial(desk.ports.customers.accounts, scope), query)
    asking = [Asking(account, first[account.id]) for account in accounts]
    asking = sorted(asking, key=lambda one: (-(one.account.arr or 0), one.account.id))
    return tuple(asking), len(first) - len(asking)


async def _is_seen(desk: Desk, epic: Epic | None, scope: Scope) -> bool:
    if epic is None or scope.everything:
        return epic is not None
    return bool((await desk.ports.tracker.epics(scope, EpicQuery(ids=frozenset({epic.id})))).items)


def _items(row: CustomerRequestRow, epic: Epic | None, mine: Sequence[Request]) -> frozenset[str]:
    """What of the tracker is about it: the feature, or else the customer's own stories."""
    if epic is not None:
        return frozenset({epic.id, *filter(None, (row.story,))})
    return frozenset(filter(None, (row.story, *(item for one in mine for item in one.items))))


def _own_story(row: CustomerRequestRow, left: Sequence[Story], mine: Sequence[Request]) -> Story | None:
    named = {row.story, *(item for one in mine for item in one.items)}
    own = [story for story in left if story.id in named and row.account in story.customers]
    own += [story for story in left if story.customers == (row.account,) and story not in own]
    return own[0] if own else None


async def _worked_out(desk: Desk, row: CustomerRequestRow) -> tuple[tuple[Story, ...], WorkedOut]:
    """The latest done stories, and whose work it is by what is like it."""
    tracker, text = desk.ports.tracker, row.what
    done = StoryQuery(status=frozenset({StoryStatus.DONE}))
    still = StoryQuery(status=OPEN)
    newest_done = replace(done, newest_first=True, limit=LATEST_DONE)
    latest_done = (await tracker.stories(EVERYTHING, newest_done)).items[::-1]
    newest_open = replace(still, newest_first=True, limit=LATEST_OPEN)
    latest_open = (await tracker.stories(EVERYTHING, newest_open)).items[::-1]
    records = Records(
        latest_done,
        tuple(await tracker.find_stories(EVERYTHING, text, replace(done, limit=_ALIKE))),
        latest_open,
        tuple(await tracker.find_stories(EVERYTHING, text, replace(still, limit=_ALIKE))),
        tuple(await desk.ports.services.find(text, _ALIKE)),
    )
    return latest_done, await asyncio.to_thread(work_out, Wanted(text, ""), records, desk.department)


def _team(left: Sequence[Story], worked: WorkedOut) -> str:
    counted = Counter(story.team for story in left).most_common(1)
    if counted:
        return counted[0][0]
    return worked.team or worked.likely[0]


async def _effort(
    desk: Desk, row: CustomerRequestRow, left: Sequence[Story], done: Sequence[Story]
) -> Effort | NotEnoughHistory:
    if row.hours is not None:
        return said_by_a_person(row.hours, done)
    if left:
        return await asyncio.to_thread(of_what_is_left, left, done)
    ids = frozenset(story.epic for story in done if story.epic is not None)
    query = EpicQuery(ids=ids, status=frozenset({StoryStatus.DONE}))
    epics = (await desk.ports.tracker.epics(EVERYTHING, query)).items if ids else ()
    return await asyncio.to_thread(of_similar, row.what, finished_features(epics, done))


def _hourly(department: Department, team: str) -> Decimal:
    """What an hour costs: the dearest agent of the team, or of anybody where it has none."""
    own = [agents.hourly_cost for known in department.teams if known.id == team for agents in known.agents]
    anybody = [agents.hourly_cost for known in department.teams for agents in known.agents]
    return max(own or anybody, default=Decimal(0))


async def _next_sprint(desk: Desk, team: str) -> Sprint | None:
    """The team's first sprint that has not begun."""
    today = desk.now.date()
    page = await desk.ports.tracker.sprints(SprintQuery(team=team, since=today, limit=_MOST))
    return next((sprint for sprint in page.items if sprint.starts > today), None)
