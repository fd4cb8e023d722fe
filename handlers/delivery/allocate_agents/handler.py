"""`allocate_agents`: agents are put on stories, which they then write, test and bring to their merge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.engineering.by_rule.asked import Meant, RuleWork, read
from agents.engineering.by_rule.asked import Unclear as LeftOpen
from agents.engineering.repositories import Known, known_repositories, repository_for
from agents.engineering.story_rows import newest_work
from agents.engineering.story_run import Assigned, InWork, assigned, begin
from agents.work.tables import ENDED, RunRow
from governance.people import Person, Role
from governance.permissions import reads
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.subjects import Unclear, demand_to_act
from handlers.conversation.turn import Turn
from handlers.conversation.wording import names_of_people
from handlers.delivery.allocate_agents.cards import story_work_reply
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.code_host.contents import Repository
from integrations.code_host.refusals import CodeHostError
from integrations.tracker import Story, StoryStatus

_OPEN = (StoryStatus.BACKLOG, StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED)
_MOST_OFFERED = 5


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Put an agent on the story that is named. Raises CannotAnswer."""
    person = known(turn)
    demand_to_act(person, HANDLER.name, desk)
    story, is_named = await _story_meant(desk, asked.text)
    if not is_named:
        return _this_one(story)
    found = await newest_work(desk.tx, story.id)
    if found is not None and found[1].state not in ENDED:
        return await _in_work(desk, found[1])
    if story.status not in _OPEN:
        raise CannotAnswer(f"{story.id} is {story.status.value.replace('_', ' ')}: there is nothing to write.")
    repositories = await _repositories(desk)
    meant = repository_for(story, asked.text.replace(story.id, " "), repositories)
    if meant is None:
        return _which(story, repositories)
    by_rule = rule_for(story, asked.text)
    if isinstance(by_rule, str):
        return _how(story, meant.repository, by_rule)
    given = await _assigned(desk, story, meant.repository, person, by_rule)
    desk.demand_order(f"Put an agent on {story.id} in {given.repository}")
    why = f"{person.name} put an agent on it."
    try:
        run = await begin(desk.tx, given, by=turn.actor, why=why, place=place_json(turn.place), turn=turn.id)
    except InWork as there:  # somebody was quicker
        return await _in_work(desk, there.run)
    desk.memory.about(story=story.id, run=run.id)
    return await story_work_reply(desk, run)


async def _in_work(desk: Desk, run: RunRow) -> Reply:
    """Who is at it already, and how far."""
    reply = await story_work_reply(desk, run)
    names = await names_of_people(desk.tx)
    who = "A plan" if run.requester is None else names.get(run.requester, run.requester)
    return replace(reply, text=f"{who} put an agent on it already. {reply.text}")


async def _story_meant(desk: Desk, text: str) -> tuple[Story, bool]:
    """The story that is meant, and whether it is named, by its id or its whole title. Raises CannotAnswer,
    Unclear."""
    found = await resolve(desk, text, ("story",), EVERYTHING)
    if isinstance(found, Several | NotThere):
        raise Unclear(found)
    if not isinstance(found, Found):
        raise CannotAnswer(
            "Which story? Name it by its id, such as “put an agent on CARD-12”: one agent writes one story."
        )
    return await desk.ports.tracker.story(EVERYTHING, found.id), found.sure


def _this_one(story: Story) -> Reply:
    """An agent is put on no story that was only like what was said."""
    text = f"Do you mean {story.id}, “{story.title}”? I put no agent on anything yet."
    button = Button(
        f"Put an agent on {story.id}", "ask", f"allocate_agents put an agent on {story.id}", "primary"
    )
    return Reply(text=text, cards=(Card("Which story?", (Text((text,)), Buttons((button,))), "waiting"),))


async def _repositories(desk: Desk) -> Sequence[Known]:
    try:
        found = [one for one in await known_repositories(desk.ports) if one.is_open]
    except CodeHostError as refused:
        raise CannotAnswer(str(refused)) from refused
    if not found:
        raise CannotAnswer("There is no repository that agents may write to. Connect a code host first.")
    return found


def _which(story: Story, repositories: Sequence[Known]) -> Reply:
    text = f"In which repository is {story.id} to be written? Nothing of it says so."
    ids = [one.repository.id for one in repositories]
    buttons = tuple(
        Button(one, "ask", f"allocate_agents put an agent on {story.id} in {one}")
        for one in ids[:_MOST_OFFERED]
    )
    return Reply(text=text, cards=(Card("Which repository?", (Text((text,)), Buttons(buttons)), "waiting"),))


def rule_for(story: Story, said: str) -> RuleWork | str | None:
    """The work by rule that a story is; None where an engineer writes it; what is to be asked where its title
    is like one and the story says more, or leaves something open. Raises CannotAnswer where a rule is asked for
    and there is none."""
    meant = read(story.title)
    if re.search(r"\bengineer\b", said, re.IGNORECASE):
        return None
    by_rule = re.search(r"\bby rule\b", said, re.IGNORECASE) is not None
    match meant:
        case Meant(work) if by_rule or not (story.acceptance or story.description.strip()):
            return work
        case Meant():
            return "By its title a rule does it, and the story says more than its title."
        case LeftOpen(question):
            return f"By its title a rule could do it. {question}"
    if by_rule:
        raise CannotAnswer(f"{story.id} is nothing that a rule does: “{story.title}”.")
    return None


def _how(story: Story, repository: Repository, why: str) -> Reply:
    begins = f"allocate_agents put an agent on {story.id} in {repository.id}"
    engineer = Button("An engineer writes it", "ask", begins.replace("an agent", "an engineer"))
    buttons: tuple[Button, ...] = (engineer,)
    if isinstance(read(story.title), Meant):
        buttons = (Button("By rule", "ask", f"{begins} by rule"), engineer)
    return Reply(text=why, cards=(Card("Who writes it?", (Text((why,)), Buttons(buttons)), "waiting"),))


async def _assigned(
    desk: Desk, story: Story, repository: Repository, person: Person, by_rule: RuleWork | None
) -> Assigned:
    lead = next((team.lead for team in desk.department.teams if team.id == story.team), None)
    try:
        return await assigned(story, repository, lead or person.id, desk.ports, by_rule)
    except CodeHostError as unknown:
        raise CannotAnswer(str(unknown)) from unknown


HANDLER = Handler(
    name="allocate_agents",
    purpose="Put agents on stories: they write, test and merge them",
    example="Allocate engineering agents to critical path items",
    group=Group.PLAN,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER),
    answer=answer,
    risk=Risk.ACTS,
)
