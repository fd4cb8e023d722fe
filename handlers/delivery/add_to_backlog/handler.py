"""`add_to_backlog`: one story, with what the department's own records say of it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from sqlalchemy import select

from agents.backlog import LATEST_DONE, LATEST_OPEN, Records, Wanted, WorkedOut, work_out
from agents.operations.incident_command import add_story
from agents.operations.incident_stories import follow_up_of
from agents.planning.draft import Estimate
from governance.action import Action, Verdict
from governance.approvals.store import approval_row
from governance.department import Department
from governance.gate import Asking
from governance.people import Role
from governance.permissions import Open, Permission
from governance.tables import EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.amending import of_effect
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval, not_done, submit
from handlers.conversation.tables import ActRow
from handlers.conversation.turn import Clicked, Turn
from handlers.delivery.add_to_backlog.cards import alike_reply, being_made_reply, which_team_reply
from handlers.delivery.add_to_backlog.of_incident import Following, meant_incident
from handlers.delivery.add_to_backlog.parse import StorySaid, read_story
from handlers.delivery.plans.formats import team_name
from handlers.delivery.preconditions import demand_products, demand_teams
from handlers.language.correction import Change, Correction
from handlers.language.kinds import Thing
from handlers.language.matching import find_all
from integrations.tracker import NoSuchItem, Priority, SprintQuery, Story, StoryDraft, StoryQuery, StoryStatus
from integrations.tracker.actions import (
    CreateStory,
    CreateUrgentStory,
    NewStory,
    ScheduleStory,
    SetPriority,
    new_story,
)

_CALLED = re.compile(
    r"\b(?:call(?:ed)?|title|name)(?: it| that)?(?: to| is| should be)?:? (?P<title>.{4,160})", re.IGNORECASE
)
_LONGEST = 4000
_MOST_ALIKE = 100
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Make the story that is asked for, unless one like it is there already."""
    return await _add(turn, desk, asked.text, anyway=False)


async def add_anyway(turn: Turn, desk: Desk) -> Reply:
    """Make it though one like it is there."""
    return await _add(turn, desk, _clicked(turn).subject, anyway=True)


async def schedule_now(turn: Turn, desk: Desk) -> Reply:
    """Put a story into its team's current sprint; whoever schedules decides on it."""
    try:
        story = await desk.ports.tracker.story(EVERYTHING, _clicked(turn).subject)
    except NoSuchItem as missing:
        raise CannotAnswer(str(missing)) from None
    today = desk.now.date()
    running = await desk.ports.tracker.sprints(SprintQuery(team=story.team, since=today, limit=1))
    current = next((sprint for sprint in running.items if sprint.starts <= today), None)
    if current is None:
        raise CannotAnswer(f"No sprint of {team_name(desk.department, story.team)} runs today.")
    if story.sprint == current.id:
        return Reply(text=f"{story.id} is in {current.name} already.")
    action = ScheduleStory(
        story=story.id,
        sprint=current.id,
        was=story.sprint or "",
        rationale=f"{known(turn).name} asked to have {story.id} in the sprint that runs.",
        impact=f"{current.name} gets one more story; nothing is taken out of it.",
        rollback_plan="Put the story back to where it was.",
    )
    return await ask_for_approval(turn, desk, action)


async def _add(turn: Turn, desk: Desk, text: str, *, anyway: bool) -> Reply:
    text = text[:_LONGEST]
    said = read_story(text, desk.department)
    if not said.title:
        raise CannotAnswer(
            "What should the story say? For example: “Add query optimization to the backlog as P1”."
        )
    demand_teams(desk.department, turn.person)
    demand_products(desk.department, turn.person)
    incident = await meant_incident(turn, desk, text, said)
    follows = await follow_up_of(desk.tx, incident) if incident is not None else None
    about = said.description if follows is None else f"{said.description} ({follows.service})"
    wanted = Wanted(said.title, about, said.acceptance, said.team, said.product)
    worked = await asyncio.to_thread(work_out, wanted, await _known(desk, wanted), desk.department)
    if worked.alike and not anyway:
        return alike_reply(text, said, worked)
    if worked.team is None:
        return which_team_reply(text, said, worked, desk)
    return await _propose(turn, desk, said, worked, Following(worked.team, incident, follows))


async def _known(desk: Desk, wanted: Wanted) -> Records:
    """What the department's records say of such a story."""
    about = f"{wanted.title}. {wanted.description}"
    done, still_open = StoryQuery(status=frozenset({StoryStatus.DONE})), StoryQuery(status=_OPEN)
    latest_done, done_alike, latest_open, open_alike, services = await asyncio.gather(
        _latest(desk, done, LATEST_DONE),
        _alike(desk, about, done),
        _latest(desk, still_open, LATEST_OPEN),
        _alike(desk, about, still_open),
        desk.ports.services.find(about, _MOST_ALIKE),
    )
    return Records(latest_done, done_alike, latest_open, open_alike, tuple(services))


async def _latest(desk: Desk, query: StoryQuery, most: int) -> tuple[Story, ...]:
    page = await desk.ports.tracker.stories(EVERYTHING, replace(query, newest_first=True, limit=most))
    return page.items[::-1]


async def _alike(desk: Desk, about: str, query: StoryQuery) -> tuple[Story, ...]:
    return tuple(await desk.ports.tracker.find_stories(EVERYTHING, about, replace(query, limit=_MOST_ALIKE)))


async def _propose(turn: Turn, desk: Desk, said: StorySaid, worked: WorkedOut, following: Following) -> Reply:
    priority = said.priority or Priority.P2
    team, incident = following.team, following.incident
    action = new_story(
        StoryDraft(
            title=said.title,
            description=following.describe(said.description),
            acceptance=following.accept(worked),
            team=team,
            product=worked.product,
            priority=priority,
            discipline=worked.discipline,
            estimate_hours=worked.hours.p50 if isinstance(worked.hours, Estimate) else None,
            labels=worked.labels,
        ),
        **({"incident": incident} if incident else {}),
        rationale=f"{known(turn).name} asked for it: “{said.description[:300]}”",
        impact=f"{team_name(desk.department, team)} gets one more story; nothing else changes.",
        rollback_plan="Cancel the story as long as nobody has started it.",
    )
    title = f"New story “{said.title}” as {priority}"
    submitted = await submit(turn, desk, action, Asking(title=title))
    if following.follows is not None and submitted.ruling.verdict in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
        by = known(turn).id
        await add_story(
            desk.tx, following.follows.incident, submitted.effect, said.title, priority, by, desk.now
        )
    if submitted.approval is not None:
        return await approval_reply(desk, await approval_row(desk.tx, submitted.approval))
    if submitted.ruling.verdict is not Verdict.EXECUTE:
        raise CannotAnswer(not_done(submitted.ruling))
    note = f" It is linked to {following.follows.incident}." if following.follows is not None else ""
    if incident is None and said.for_incident:
        note = " No incident is open, so it is linked to none."
    return being_made_reply(desk, submitted.effect, action, worked, note)


async def amend(turn: Turn, desk: Desk, act: ActRow, correction: Correction) -> Reply:
    """A story that is made already keeps its card where only its priority is corrected."""
    row = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == act.effect))).scalar()
    story = (row.outcome or {}).get("reference") if row is not None and row.state == "done" else None
    said = read_story(correction.text, desk.department)
    teamless = said.team is None and _team_in(correction.text, desk.department) is None
    if correction.change is not Change.REPLACE or story is None or not said.priority or not teamless:
        return await of_effect(reread)(turn, desk, act, correction)
    try:
        was = (await desk.ports.tracker.story(EVERYTHING, story)).priority
    except NoSuchItem as missing:
        raise CannotAnswer(str(missing)) from None
    if was is said.priority:
        raise CannotAnswer(f"{story} is {was} already.")
    action = SetPriority(
        story=story,
        priority=said.priority,
        was=was,
        rationale=f"{known(turn).name} corrected the priority of {story}.",
        impact="The story changes places with others.",
        rollback_plan="Set the priority back to what it was.",
    )
    return await ask_for_approval(turn, desk, action)


async def reread(_turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The story of another team, at another priority, under another title."""
    if not isinstance(action, NewStory):
        return None
    said = read_story(text, desk.department)
    named = _CALLED.search(text)
    team = said.team or _team_in(text, desk.department)
    if not (said.priority or team or named):
        return None
    draft = replace(
        action.draft,
        priority=said.priority or action.draft.priority,
        team=team or action.draft.team,
        title=named["title"].strip(" .\"'“”") if named else action.draft.title,
    )
    incident = action.incident if isinstance(action, CreateUrgentStory) else None
    kept = {name: getattr(action, name) for name in ("rationale", "impact", "rollback_plan")}
    return new_story(draft, incident=incident, **kept)


def _team_in(text: str, department: Department) -> str | None:
    """A team called by its bare name, as people do when they correct it ("that's Beta's")."""
    short = tuple(Thing(team.id, team.name, (team.name.removeprefix("Team "),)) for team in department.teams)
    found = find_all(re.sub(r"\b(\w+?)'?s\b", r"\1", text), short) or find_all(text, short)
    return found[0].id if len(found) == 1 else None


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="add_to_backlog",
    purpose="Make one story",
    example="Add query optimization to the backlog as P0",
    group=Group.PLAN,
    permission=Permission(Open.EVERYONE_KNOWN, never=frozenset({Role.CUSTOMER_SUCCESS, Role.AUDITOR})),
    answer=answer,
    presses={"add_anyway": add_anyway, "schedule_now": schedule_now},
    risk=Risk.ACTS,
    amend=amend,
    corrects=frozenset({CreateStory.type, CreateUrgentStory.type}),
)
