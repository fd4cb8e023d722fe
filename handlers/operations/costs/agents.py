"""What agents cost: by team, agent, model, story or month, of one feature or story, and against budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from agents.engineering.spending import Spent, spent, story_budgets
from agents.plans.tables import PlanRow
from governance.blackouts import zone_of
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.subjects import Unclear
from handlers.delivery.whereabouts.kinds import team_things
from handlers.language.local_time import Leaning
from handlers.language.matching import Ambiguous, Resolved, find
from handlers.language.periods import Period, read_period
from handlers.language.resolver import Found, Meant, NotThere, Several, resolve
from handlers.operations.costs.agents_card import By, budgets_reply, spent_reply, work_reply
from integrations.pages import everything
from integrations.tracker import Story, StoryQuery

_AGENTS = re.compile(
    r"\bagents?\b|\bmodels?\b|\btokens?\b|\bteams?\b|\bopenai\b|\bgpt\b|\bllms?\b|\bai\b"
    r"|\bper (?:story|feature)\b"
    r"|\bby (?:story|feature)\b|\bbudgets?\b"
)
_INFRASTRUCTURE = re.compile(
    r"\binfrastructure\b|\bcloud\b|\baws\b|\bhosting\b|\bidle\b|\breplicas?\b|\bdatabases?\b|\bservers?\b"
)
_WORK = re.compile(
    r"\bdid\b.{1,80}\bcosts?\b|\bcosts? of (?:building|writing)\b|\b(?:building|to build|writing)\b"
)
_BY: Sequence[tuple[re.Pattern[str], By]] = (
    (re.compile(r"\bteams?\b"), By.TEAM),
    (re.compile(r"\b(?:by|per|each|every|which|for the|on)\s+models?\b|\bmodels\b"), By.MODEL),
    (re.compile(r"\b(?:by|per|each|every|which)\s+(?:story|stories|feature|features)\b|\bstories\b"), By.STORY),
    (re.compile(r"\b(?:by|per|each|every)\s+month\b|\bmonthly\b|\bmonth by month\b|\btrend\b"), By.MONTH),
)
_SEVERAL_MONTHS = timedelta(days=183)


async def answer_about_agents(text: str, desk: Desk) -> Reply | None:
    """What words about agents' costs ask for; None where they ask about something else. Raises CannotAnswer."""
    said = text.lower()
    if _INFRASTRUCTURE.search(said) and not re.search(r"\bagents?\b", said):
        return None
    if (of_work := await _of_work(text, said, desk)) is not None:
        return of_work
    if not _AGENTS.search(said):
        return None
    if re.search(r"\bbudgets?\b", said):
        return await _budgets(desk)
    return await _spent(text, said, desk)


async def _of_work(text: str, said: str, desk: Desk) -> Reply | None:
    """Of the story, feature or plan that is named. Raises Unclear."""
    found: Meant | None = None
    if desk.ports.tracker.story_ids.first(text) is not None:
        found = await resolve(desk, text, ("story",), EVERYTHING)
    if isinstance(found, NotThere):
        raise Unclear(found)
    if isinstance(found, Found):
        story = await desk.ports.tracker.story(EVERYTHING, found.id)
        return await _work_reply(desk, f"{story.id}: {story.title}", (story,), None)
    if not _WORK.search(said) or re.search(r"\bagents?\b|\bteams?\b", said):
        return None
    found = await resolve(desk, text, ("plan", "epic"), EVERYTHING)
    if isinstance(found, Several):
        raise Unclear(found)
    if not isinstance(found, Found):
        return None
    plan = await _plan(desk, found.id)
    epic = plan.epic if plan is not None and plan.epic is not None else found.id
    stories = await everything(partial(desk.ports.tracker.stories, EVERYTHING), StoryQuery(epic=epic))
    return await _work_reply(desk, f"“{found.thing.name}”", stories, plan)


async def _plan(desk: Desk, id: str) -> PlanRow | None:
    """The plan that is meant, by its id or its epic's; the newest."""
    query = select(PlanRow).where((PlanRow.id == id) | (PlanRow.epic == id)).order_by(PlanRow.created.desc())
    return (await desk.tx.execute(query.limit(1))).scalar()


async def _work_reply(desk: Desk, name: str, stories: Sequence[Story], plan: PlanRow | None) -> Reply:
    ids = {story.id for story in stories}
    used = await spent(desk.tx, zone_of(desk.department), stories=ids)
    budgets = await story_budgets(desk.tx, desk.now, stories=ids)
    return work_reply(desk, name, stories, used, budgets, plan)


async def _budgets(desk: Desk) -> Reply:
    """Each story's and each plan's, as far as they are used."""
    query = select(PlanRow).where(PlanRow.state.in_(("executing", "paused", "created")))
    plans = (await desk.tx.execute(query.order_by(PlanRow.created.desc()).limit(20))).scalars().all()
    return budgets_reply(desk, await story_budgets(desk.tx, desk.now), plans)


@dataclass(frozen=True, slots=True)
class _Only:
    """What the words restrict it to."""

    role: str | None
    team: str | None


async def _spent(text: str, said: str, desk: Desk) -> Reply:
    zone = zone_of(desk.department)
    by = next((by for pattern, by in _BY if pattern.search(said)), By.ROLE)
    period = read_period(text, desk.now, zone, Leaning.PAST)
    if period is None and by is By.MONTH:
        period = Period(desk.now - _SEVERAL_MONTHS, desk.now, "in half a year")
    period = period or read_period("this month", desk.now, zone)
    if period is None:
        raise TypeError("this month is a period")
    only = _Only(await _role(text, desk), _team(text, desk))
    if by is By.TEAM and only.team is not None:
        by = By.ROLE
    used = await spent(desk.tx, zone, since=period.start, until=period.end)
    used = [one for one in used if only.role in (None, one.role)]
    teams: Mapping[str, str] = {}
    if by is By.TEAM or only.team is not None:
        teams = await _teams_of(desk, used)
    if only.team is not None:
        used = [one for one in used if one.story is not None and teams.get(one.story) == only.team]
    return spent_reply(desk, used, by, period, teams, of=_named(only, desk))


def _named(only: _Only, desk: Desk) -> str:
    team = next((f" of team {one.name}" for one in desk.department.teams if one.id == only.team), "")
    return f"{(only.role or 'agents').replace('_', ' ')}{team}"


async def _role(text: str, desk: Desk) -> str | None:
    """The agent that is named ("the QA agent")."""
    found = await resolve(desk, text, ("agent",), EVERYTHING)
    return found.id if isinstance(found, Found) and found.sure else None


def _team(text: str, desk: Desk) -> str | None:
    match find(text, team_things(desk.department)):
        case Resolved(thing):
            return thing.id
        case Ambiguous(candidates):
            names = " or ".join(thing.name for thing in candidates)
            raise CannotAnswer(f"Which team do you mean: {names}?")
        case None:
            return None


async def _teams_of(desk: Desk, used: Sequence[Spent]) -> Mapping[str, str]:
    """The teams of stories, by story, as the tracker has them now."""
    ids = frozenset(one.story for one in used if one.story is not None)
    if not ids:
        return {}
    stories = await everything(partial(desk.ports.tracker.stories, EVERYTHING), StoryQuery(ids=ids))
    return {story.id: story.team for story in stories}
