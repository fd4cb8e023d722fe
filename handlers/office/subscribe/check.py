"""Checking subscriptions: how things look now, what of that is news to whom, and what was for once ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import structlog
from sqlalchemy import select

from agents.plans.rows import NoSuchPlan, plan_by_id
from governance.directory import people
from governance.overrides.rows import standing_rows
from governance.people import Person
from governance.tables import WindowRow
from governance.visibility import Scope, scope_of
from handlers.conversation.desk import Desk
from handlers.office.subscribe.blockers import tell_blocked
from handlers.office.subscribe.deployments import deployments_of
from handlers.office.subscribe.subscriptions import Event, Kind, Sight, happened
from handlers.office.subscribe.tables import SubscriptionRow
from integrations.pages import everything
from integrations.tracker import Epic, NoSuchItem, Priority, Story, StoryQuery, StoryStatus
from storage.look import NotLooked
from storage.notices import notify, tell_given_up
from storage.outage import is_database_away
from storage.savepoints import whole

_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})
_OPEN = frozenset(StoryStatus) - _FINAL
_OVERRIDES = {Kind.HALTS: "halt", Kind.FREEZES: "freeze", Kind.EMERGENCIES: "emergency"}

_log = structlog.get_logger()

MOST_MARKS = 50
"""Of more parts that changed at once than these the rest is left out of the message."""


class Looker:
    """Looks at what many subscriptions are about; what several are about is looked up once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tracker = desk.ports.tracker
        self._epics: dict[tuple[Scope, str], Epic | None] = {}
        self._stories: dict[tuple[Scope, StoryQuery], Sequence[Story]] = {}

    async def look(self, kind: Kind, subject: str, scope: Scope) -> Sight | None:
        """How it looks to somebody with this scope; None where they do not see it (any more)."""
        match kind:
            case Kind.STORY:
                return await self._story(subject, scope)
            case Kind.EPIC:
                return await self._epic(subject, scope)
            case Kind.ACCOUNT:
                return await self._account(subject, scope)
            case Kind.REQUEST:
                return await self._request(subject, scope)
            case _ if not scope.everything:
                return await self._urgent(subject, scope) if kind is Kind.PRIORITY else None
            case Kind.PLAN:
                return await self._plan(subject, scope)
            case Kind.PRIORITY:
                return await self._urgent(subject, scope)
            case Kind.INCIDENTS:
                return await self._incidents()
            case Kind.DEPLOYMENTS:
                return Sight(frozenset(change.id for change in await deployments_of(self._desk, subject)))
            case Kind.HALTS | Kind.FREEZES | Kind.EMERGENCIES:
                rows = await standing_rows(self._desk.tx, _OVERRIDES[kind])
                return Sight(frozenset(row.id for row in rows))

    async def _story(self, subject: str, scope: Scope) -> Sight | None:
        try:
            story = await self._tracker.story(scope, subject)
        except NoSuchItem:
            return None
        return Sight(
            frozenset({_mark(story)}),
            is_done=story.status is StoryStatus.DONE,
            is_over=story.status is StoryStatus.CANCELLED,
        )

    async def _epic(self, subject: str, scope: Scope) -> Sight | None:
        if (scope, subject) not in self._epics:
            self._epics[scope, subject] = await self._epic_there(subject, scope)
        epic = self._epics[scope, subject]
        if epic is None:
            return None
        stories = await self._found(scope, StoryQuery(epic=subject))
        return Sight(
            frozenset(map(_mark, stories)),
            is_done=epic.status is StoryStatus.DONE,
            is_over=epic.status is StoryStatus.CANCELLED,
        )

    async def _epic_there(self, subject: str, scope: Scope) -> Epic | None:
        try:
            return await self._tracker.epic(scope, subject)
        except NoSuchItem:
            return None

    async def _plan(self, subject: str, scope: Scope) -> Sight | None:
        """A plan is done when its epic is: setting the stories up is not yet doing them."""
        try:
            plan = await plan_by_id(self._desk.tx, subject)
        except NoSuchPlan:
            return None
        work = await self._epic(plan.epic, scope) if plan.epic else None
        return Sight(
            frozenset({f"{plan.id}:{plan.state}"}) | (work.marks if work else frozenset()),
            is_done=work is not None and work.is_done,
            is_approved=plan.state in ("executing", "paused", "created"),
            is_over=plan.state in ("cancelled", "failed"),
        )

    async def _account(self, subject: str, scope: Scope) -> Sight | None:
        if not scope.everything and subject not in scope.accounts:
            return None
        stories = await self._found(scope, StoryQuery(customer=subject))
        return Sight(frozenset(map(_mark, stories)))

    async def _request(self, subject: str, scope: Scope) -> Sight | None:
        """A request is done when every item of it is that can be seen."""
        asked = [one for one in await self._desk.ports.customers.requests(scope) if one.id == subject]
        if not asked:
            return None
        looks = [await self._epic(item, scope) or await self._story(item, scope) for item in asked[0].items]
        seen = [look for look in looks if look is not None]
        return Sight(
            frozenset(mark for look in seen for mark in look.marks),
            is_done=bool(seen) and all(look.is_done for look in seen),
            is_over=bool(seen) and all(look.is_over for look in seen),
        )

    async def _urgent(self, priority: str, scope: Scope) -> Sight:
        stories = await self._found(scope, StoryQuery(status=_OPEN, priority=Priority(priority)))
        return Sight(frozenset(story.id for story in stories))

    async def _incidents(self) -> Sight:
        now = self._desk.now
        query = select(WindowRow.id).where(
            WindowRow.mode == "incident", WindowRow.starts <= now, WindowRow.ends > now
        )
        return Sight(frozenset((await self._desk.tx.execute(query)).scalars()))

    async def _found(self, scope: Scope, query: StoryQuery) -> Sequence[Story]:
        if (scope, query) not in self._stories:
            self._stories[scope, query] = await everything(partial(self._tracker.stories, scope), query)
        return self._stories[scope, query]


def _mark(story: Story) -> str:
    return f"{story.id}:{story.status}"


async def check_subscriptions(desk: Desk) -> None:
    """Look at everything that somebody watches, as far as they may see it now.

    What happened is told and marked in one transaction; rows that another check works on are left to it. All
    is looked at before anything is written: what is looked up later is looked up one by one (`storage.look`).
    """
    active = select(SubscriptionRow).where(
        SubscriptionRow.ended.is_(None), SubscriptionRow.event != Event.BLOCKED.value
    )
    by_id = {person.id: person for person in await people(desk.tx) if person.active}
    sights = await _sights(desk, (await desk.tx.execute(active)).scalars().all(), by_id)
    try:
        async with whole(desk.tx):
            await tell_blocked(desk)
    except Exception as failure:
        if is_database_away(failure) or isinstance(failure, NotLooked):
            raise
        _log.exception("blockers_not_told")
    for row in (await desk.tx.execute(active.with_for_update(skip_locked=True))).scalars().all():
        id, person, name = row.id, row.person, row.name
        try:
            async with whole(desk.tx):
                await _check(desk, row, by_id.get(person), sights.get(id))
        except Exception as failure:
            if is_database_away(failure) or isinstance(failure, NotLooked):
                raise
            _log.exception("subscription_not_checked", subscription=id)
            await _tell_not_checked(desk, id, person, name)


async def _sights(
    desk: Desk, rows: Sequence[SubscriptionRow], by_id: Mapping[str, Person]
) -> Mapping[str, Sight | Exception | None]:
    """How what each of them is about looks now, by its id, or why that is not known."""
    looker = Looker(desk)
    sights: dict[str, Sight | Exception | None] = {}
    for row in rows:
        if row.person not in by_id:
            continue
        try:
            async with whole(desk.tx):
                sights[row.id] = await looker.look(Kind(row.kind), row.subject, scope_of(by_id[row.person]))
        except Exception as failure:
            if is_database_away(failure) or isinstance(failure, NotLooked):
                raise
            sights[row.id] = failure
    return sights


async def _check(
    desk: Desk, row: SubscriptionRow, person: Person | None, sight: Sight | Exception | None
) -> None:
    if person is None:
        row.ended = desk.now  # there is nobody to tell
        return
    if isinstance(sight, Exception):
        raise sight
    if sight is not None:
        await _compare(desk, row, person, sight)


async def _tell_not_checked(desk: Desk, id: str, person: str, name: str) -> None:
    await tell_given_up(
        desk.tx,
        f"subscription:{id}",
        f"I cannot look at what you watch (“{name}”) just now: something went wrong on my side.",
        "I go on trying. Until then look at it yourself, or say “unsubscribe” and watch it anew.",
        people=(person,),
    )


async def _compare(desk: Desk, row: SubscriptionRow, person: Person, sight: Sight) -> None:
    event, seen = Event(row.event), frozenset(map(str, row.seen))
    marks = happened(event, seen, sight)
    if sight.marks != seen:
        row.seen = sorted(sight.marks)
    if marks is None:
        return
    row.fired = desk.now
    is_last = not row.each_time or sight.is_over or event in (Event.DONE, Event.APPROVED)
    row.ended = desk.now if is_last else None
    await _tell(desk, row, person, marks, is_over=sight.is_over)


async def _tell(
    desk: Desk, row: SubscriptionRow, person: Person, marks: Collection[str], *, is_over: bool
) -> None:
    ids = {"subscription": row.id, "marks": sorted(marks)[:MOST_MARKS], "is_over": is_over}
    if row.kind == Kind.INCIDENTS and row.event == Event.BEGINS:
        await notify(desk.tx, "incident_begun", ids, people=(person.id,))
    else:
        await notify(desk.tx, "subscription", ids, people=(person.id,))
