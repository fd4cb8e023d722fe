"""What got blocked: found once, and told once to each who wants to hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agents.plans.tables import PlanRow
from agents.plans.wishes import BLOCKERS
from agents.work.tables import StepRow
from governance.people import Person
from governance.visibility import EVERYTHING, Scope, scope_of
from handlers.conversation.desk import Desk
from handlers.conversation.origin import place_json
from handlers.office.digests.settings import ChannelAddress, DigestKind, Recipient, everybody, why_not_there
from handlers.office.subscribe.subscriptions import Event, Kind
from handlers.office.subscribe.tables import LookedThroughRow, SubscriptionRow, ToldBlockerRow
from integrations.pages import every
from integrations.tracker import Story, StoryQuery, StoryStatus
from storage.notices import notify

OVERLAP = timedelta(hours=1)
"""How far before the last look events are looked at again: they are recorded a little after they happen."""

_NAME = "blockers"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that got blocked. `key` is the same whenever it is found; `told` are those who were told of
    it where it happened. A plan's own is shown to those who see everything."""

    key: str
    story: Story | None = None
    plan: str | None = None
    told: frozenset[str] = frozenset()

    def is_seen_by(self, scope: Scope) -> bool:
        """Whether it lies within a scope."""
        if scope.everything:
            return True
        return self.story is not None and not scope.accounts.isdisjoint(self.story.customers)


async def tell_blocked(desk: Desk) -> None:
    """Find what got blocked since the last look, and tell it. The first look only takes note."""
    since = await _last_look(desk)
    found = [*await _stories(desk, since or desk.now), *await _plans(desk)]
    fresh = [blocker for blocker in found if await _is_new(desk, blocker)]
    if since is None or not fresh:
        return
    subscribed = await _subscribed(desk)
    items = await _items(desk) if any(row.kind == Kind.REQUEST for row in subscribed) else {}
    epics = await _epics(desk)
    for recipient in await everybody(desk.tx, desk.department, desk.now):
        if isinstance(recipient.to, ChannelAddress):
            await _tell_channel(desk, recipient, recipient.to, fresh)
        else:
            await _tell_person(desk, recipient, recipient.to, fresh, _Wanted(subscribed, items, epics))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Subscriptions to blockers, with the items of requests and the epics of plans that they may name."""

    rows: Sequence[SubscriptionRow]
    items: Mapping[str, frozenset[str]]
    epics: Mapping[str, str]

    def matching(self, person: str, blocker: Blocker) -> list[SubscriptionRow]:
        return [row for row in self.rows if row.person == person and self._is_about(row, blocker)]

    def _is_about(self, row: SubscriptionRow, blocker: Blocker) -> bool:
        story = blocker.story
        if story is None:
            return row.kind == Kind.PLAN and row.subject == blocker.plan
        match Kind(row.kind):
            case Kind.STORY:
                return row.subject == story.id
            case Kind.EPIC:
                return row.subject == story.epic
            case Kind.PLAN:
                return story.epic is not None and self.epics.get(row.subject) == story.epic
            case Kind.ACCOUNT:
                return row.subject in story.customers
            case Kind.REQUEST:
                return not self.items.get(row.subject, frozenset()).isdisjoint(
                    {story.id, story.epic or story.id}
                )
            case _:
                return False


async def _tell_person(
    desk: Desk, recipient: Recipient, person: Person, fresh: Sequence[Blocker], wanted: _Wanted
) -> None:
    """One notice of all that is new, whether they hear of every blocker or subscribed to some."""
    setting = recipient.settings[DigestKind.BLOCKERS]
    hears_all = setting.is_on and not setting.is_paused(desk.now)
    scope = scope_of(person)
    keys: list[str] = []
    for blocker in fresh:
        if not blocker.is_seen_by(scope):
            continue
        rows = wanted.matching(person.id, blocker)
        for row in rows:
            row.fired = desk.now
            row.ended = None if row.each_time else desk.now
        if (hears_all or rows) and person.id not in blocker.told:
            keys.append(blocker.key)
    if keys:
        ids = {"blockers": keys}
        await notify(desk.tx, "newly_blocked", ids, people=(person.id,), platforms=setting.platforms)


async def _tell_channel(
    desk: Desk, recipient: Recipient, address: ChannelAddress, fresh: Sequence[Blocker]
) -> None:
    if not recipient.settings[DigestKind.BLOCKERS].is_on:
        return
    found = await desk.channels.find(desk.tx, address.platform, address.channel)
    if found is not None and why_not_there(DigestKind.BLOCKERS, found.place.audience) is None:
        ids = {"blockers": [blocker.key for blocker in fresh]}
        await notify(desk.tx, "newly_blocked", ids, place=place_json(found.place))


async def _last_look(desk: Desk) -> datetime | None:
    """When this was last done, None for never; until `tx` ends nobody else does it."""
    first = insert(LookedThroughRow).values(name=_NAME, until=desk.now).on_conflict_do_nothing()
    if (await desk.tx.execute(first.returning(LookedThroughRow.name))).scalar() is not None:
        return None
    query = select(LookedThroughRow).where(LookedThroughRow.name == _NAME).with_for_update()
    row = (await desk.tx.execute(query)).scalar_one()
    since, row.until = row.until, max(row.until, desk.now)
    return since


async def _is_new(desk: Desk, blocker: Blocker) -> bool:
    row = insert(ToldBlockerRow).values(subject=blocker.key, found=desk.now).on_conflict_do_nothing()
    return (await desk.tx.execute(row.returning(ToldBlockerRow.subject))).scalar() is not None


async def _stories(desk: Desk, since: datetime) -> list[Blocker]:
    """Stories that came to be blocked and still are."""
    tracker = desk.ports.tracker
    events = await tracker.events(EVERYTHING, since=since - OVERLAP)
    came = {event.story: event for event in events if event.status is StoryStatus.BLOCKED}
    if not came:
        return []
    blocked = StoryQuery(ids=frozenset(came), status=frozenset({StoryStatus.BLOCKED}))
    return [
        Blocker(f"story:{story.id}:{came[story.id].at.isoformat()}", story)
        async for story in every(partial(tracker.stories, EVERYTHING), blocked)
    ]


async def _plans(desk: Desk) -> list[Blocker]:
    """Steps of plans that failed or were refused, and plans that their budget stopped.

    The requester hears of the budget in any case, of steps if they asked for it (`coordination.py`).
    """
    alive = PlanRow.state.in_(("executing", "paused", "created"))
    steps = (
        select(PlanRow.id.label("plan"), StepRow.key, PlanRow.requester, PlanRow.notifications)
        .join(StepRow, (StepRow.tenant == PlanRow.tenant) & (StepRow.run == PlanRow.run))
        .where(alive, StepRow.state == "failed")
    )
    found = [
        Blocker(
            f"step:{row.plan}:{row.key}",
            plan=row.plan,
            told=frozenset({row.requester}) if BLOCKERS in row.notifications else frozenset(),
        )
        for row in await desk.tx.execute(steps)
    ]
    spent = select(PlanRow.id, PlanRow.requester, PlanRow.budget_hours).where(
        PlanRow.state == "paused", PlanRow.used_hours >= PlanRow.budget_hours
    )
    return found + [
        Blocker(f"budget:{row.id}:{row.budget_hours:g}", plan=row.id, told=frozenset({row.requester}))
        for row in await desk.tx.execute(spent)
    ]


async def _subscribed(desk: Desk) -> Sequence[SubscriptionRow]:
    query = select(SubscriptionRow).where(
        SubscriptionRow.event == Event.BLOCKED.value, SubscriptionRow.ended.is_(None)
    )
    return (await desk.tx.execute(query.with_for_update())).scalars().all()


async def _items(desk: Desk) -> Mapping[str, frozenset[str]]:
    return {request.id: frozenset(request.items) for request in await desk.ports.customers.requests(EVERYTHING)}


async def _epics(desk: Desk) -> Mapping[str, str]:
    query = select(PlanRow.id, PlanRow.epic).where(PlanRow.epic.is_not(None))
    return {row.id: row.epic for row in await desk.tx.execute(query) if row.epic is not None}
