"""A routine change that somebody asks for in chat: a story is made for it, which is then written by rule.

From there on it is a story like any other: judged, reviewed, and merged by what the matrix says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.by_rule.asked import RULE_WORK, RuleWork
from agents.engineering.by_rule.works import said
from agents.engineering.story_rows import newest_work
from agents.engineering.story_run import assigned, begin
from agents.work import runs
from agents.work.kinds import ActionStep, Json, NewStep, Step, StepFailed, Worker, WorkStep, find_kinds
from agents.work.tables import RunRow
from governance.action import Action
from governance.department_rows import read_department
from governance.people import Actor
from governance.visibility import EVERYTHING
from integrations.code_host.refusals import CodeHostError
from integrations.tracker import Priority, StoryDraft
from integrations.tracker.actions import new_story

ROUTINE = "routine"
_STORY = "story"
_DRAFT: TypeAdapter[StoryDraft] = TypeAdapter(StoryDraft)


@dataclass(frozen=True, slots=True)
class Routine:
    """A work by rule in a repository, and whose story it becomes."""

    work: RuleWork
    repository: str
    team: str
    product: str

    @property
    def title(self) -> str:
        """The story's title."""
        return said(self.work, self.repository)


async def begin_routine(
    tx: AsyncSession, asked: Routine, *, requester: str, place: dict[str, Any] | None, turn: str | None
) -> RunRow:
    """Make the story, and then have it written."""
    draft = StoryDraft(
        title=asked.title,
        description="",
        acceptance=(),
        team=asked.team,
        product=asked.product,
        priority=Priority.P3,
        discipline="backend",
        labels=("routine",),
    )
    work = RULE_WORK.dump_python(asked.work, mode="json")
    begun = {"work": work, "repository": asked.repository, "place": place, "turn": turn}
    steps = (
        NewStep(_STORY, MAKE.name, "Make a story for it", {"draft": _DRAFT.dump_python(draft, mode="json")}),
        NewStep("begin", BEGIN.name, f"Have it written by rule in {asked.repository}", begun, (_STORY,)),
    )
    return await runs.begin(
        tx, find_kinds(), ROUTINE, asked.title, steps, requester=requester, place=place, turn=turn
    )


def _make(step: Step) -> Action:
    return new_story(
        _DRAFT.validate_python(step.args["draft"]),
        rationale="Somebody asked for a routine change.",
        impact="The team gets one more story, which is written by rule.",
        rollback_plan="Cancel the story.",
    )


async def _begin(step: Step, worker: Worker) -> Json:
    made = step.results[_STORY].get("reference")
    if made is None:
        raise StepFailed("The tracker did not say which story it made.")
    ports = worker.ports
    story = await ports.tracker.story(EVERYTHING, str(made))
    async with worker.transaction() as tx:
        leads = {team.id: team.lead for team in (await read_department(tx)).teams}
    answers = leads.get(story.team) or step.requester or ""
    work = RULE_WORK.validate_python(step.args["work"])
    try:
        repository = await ports.code_host.repository(step.args["repository"])
        given = await assigned(story, repository, answers, ports, by_rule=work)
    except CodeHostError as refused:
        raise StepFailed(str(refused)) from refused
    async with worker.transaction() as tx:
        if await newest_work(tx, story.id) is None:  # an attempt before this one may have begun it
            by = Actor("agent", "project_manager", on_behalf_of=step.requester)
            where = {"place": step.args["place"], "turn": step.args["turn"]}
            await begin(tx, given, by=by, why="Somebody asked for it, and a rule does it.", **where)
    return {"story": story.id}


MAKE = ActionStep("make_routine_story", "project_manager", _make)
BEGIN = WorkStep("begin_routine_story", "project_manager", _begin)
KINDS = (MAKE, BEGIN)
