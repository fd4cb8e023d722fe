"""`risks`: what may go wrong with a feature, or with all under way; how likely, on what evidence, what would
help."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from agents.delivery.scoring import Score, judge, keep_told, score
from agents.delivery.sprints import Today
from agents.plans.rows import plan_by_id
from governance.blackouts import zone_of
from governance.people import Role
from governance.permissions import reads
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.subjects import Unclear
from handlers.conversation.turn import Turn
from handlers.delivery.plans.card import plan_reply
from handlers.delivery.risks.cards import feature_reply, overview_reply
from handlers.delivery.risks.feature import FeatureRisks, feature_risks, most_at_risk
from handlers.delivery.whereabouts.subjects import named_in, subject_of
from handlers.language.resolver import Found, NotThere, Several
from handlers.language.words import tokens
from integrations.tracker import Epic, EpicQuery, StoryQuery, StoryStatus, TrackerError

MOST_FEATURES, MOST_LISTED = 12, 100
"""Features that are looked at together, and of how many they are the first."""
_BESIDES = frozenset(
    tokens(
        "risk risks risky rsks could go goes wrong might may delay delays delayed late slip slips likely"
        " likelihood probability chance chances miss missing date dates deadline deadlines danger dangers"
        " dangerous threats threat threaten worry worried worries nervous safe sure confident red flags"
        " flag top five biggest main assessment assess analysis analyse evaluate report register outlook"
        " portfolio early warning signs sign problems problem expose exposed bite fail make making time"
        " quarter next list first new rollout launch delivery something nothing should about see coming"
        " with same predict commitments will evidence technical your be as well"
    )
)


async def answer(_turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Of the feature that is named; else of all under way. Raises CannotAnswer."""
    zone = ZoneInfo(zone_of(desk.department))
    today = Today(desk.now.astimezone(zone).date(), zone)
    try:
        await judge(desk.tx, desk.ports.tracker, today)
        meant = await _meant(asked, desk)
        if isinstance(meant, Reply):
            return meant
        told = await score(desk.tx)
        if len(meant) != 1:
            return await _overview(desk, meant, told, today)
        [epic] = meant
        found = await feature_risks(desk, epic)
    except TrackerError as refused:
        raise CannotAnswer(str(refused)) from refused
    await _keep(desk.tx, (found,), today)
    desk.memory.about(risks=epic.id, item=epic.id, epic=epic.id)
    return feature_reply(found, told, desk.now)


async def _overview(desk: Desk, epics: Sequence[Epic], told: Score | None, today: Today) -> Reply:
    """The first of these features by priority, and of one priority the oldest."""
    first = sorted(epics, key=lambda one: (one.priority.value, one.created))[:MOST_FEATURES]
    found = most_at_risk([await feature_risks(desk, epic) for epic in first])
    await _keep(desk.tx, found, today)
    desk.memory.about(risks="")
    return overview_reply(found, len(epics) - len(first), told, desk.now)


async def _keep(tx: AsyncSession, every: Sequence[FeatureRisks], today: Today) -> None:
    await keep_told(tx, [one for found in every for one in found.told()], today.day)


async def _meant(asked: Asked, desk: Desk) -> tuple[Epic, ...] | Reply:
    """The features that the words name, or all under way. A plan that is not set up is shown with the risks
    that it found. Raises Unclear, CannotAnswer."""
    match await subject_of(desk, asked.text, EVERYTHING, besides=_BESIDES):
        case Found(kind="plan") as found:
            plan = await plan_by_id(desk.tx, found.id)
            return await plan_reply(desk, plan) if plan.epic is None else await _epics(desk, {plan.epic})
        case Found(kind="story") as found:
            story = await desk.ports.tracker.story(EVERYTHING, found.id)
            if story.epic is None:
                raise CannotAnswer(f"{story.id} belongs to no feature. Ask for its status instead.")
            return await _epics(desk, {story.epic})
        case Found(kind="account" | "request") as found:
            return await _of_customer(desk, found)
        case Found() as found:
            return await _epics(desk, {found.id})
        case (Several() | NotThere()) as unclear:
            raise Unclear(unclear)
    if unknown := named_in(asked.text, _BESIDES):
        raise CannotAnswer(
            f"I find no feature, plan or story called “{unknown}”. Ask “what could go wrong?” for all."
        )
    return await _under_way(desk)


async def _epics(desk: Desk, ids: Collection[str]) -> tuple[Epic, ...]:
    return (await desk.ports.tracker.epics(EVERYTHING, EpicQuery(ids=frozenset(ids)))).items


async def _under_way(desk: Desk) -> tuple[Epic, ...]:
    states = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})
    found = await desk.ports.tracker.epics(EVERYTHING, EpicQuery(status=states, limit=MOST_LISTED))
    if not found.items:
        raise CannotAnswer("No feature is under way, so none can be late. Name one to look at it.")
    return found.items


async def _of_customer(desk: Desk, found: Found) -> tuple[Epic, ...]:
    """The features that a customer asked for or was promised."""
    items: set[str] = set()
    for request in await desk.ports.customers.requests(EVERYTHING):
        if found.id in (request.id, request.account):
            items.update(request.items)
    if found.kind == "account":
        for promise in await desk.ports.customers.commitments(EVERYTHING, account=found.id):
            items.update(promise.items)
    stories = await desk.ports.tracker.stories(EVERYTHING, StoryQuery(ids=frozenset(items)))
    epics = await _epics(desk, {*items, *(one.epic for one in stories.items if one.epic is not None)})
    final = (StoryStatus.DONE, StoryStatus.CANCELLED)
    if open_ones := tuple(one for one in epics if one.status not in final):
        return open_ones
    raise CannotAnswer(f"No open feature belongs to {found.thing.name}, so none of it can be late.")


HANDLER = Handler(
    name="risks",
    purpose="What may go wrong, how likely, on what evidence",
    example="what could go wrong with SSO?",
    group=Group.SEE,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
    answer=answer,
)
