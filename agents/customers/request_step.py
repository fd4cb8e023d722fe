"""The kinds of steps of a request's run."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from agents import project_manager
from agents.customers.drafting import draft_started
from agents.customers.request_run import KEPT_KIND, START_KIND, STARTED_KIND, STORY, STORY_KIND, steps_of
from agents.customers.rows import request_by_id
from agents.customers.tables import CustomerRequestRow
from agents.customers.work_ahead import expected_of, own_work
from agents.planning.draft import NotEnoughHistory
from agents.work.kinds import ActionStep, Json, Step, Worker, WorkStep
from governance.action import Action
from governance.department_rows import read_department
from governance.visibility import EVERYTHING
from integrations.tracker import Priority, SprintQuery, StoryDraft
from integrations.tracker.actions import new_story
from integrations.tracker.starting import StartStep, StartStories

_DRAFT: TypeAdapter[StoryDraft] = TypeAdapter(StoryDraft)
_STEPS: TypeAdapter[tuple[StartStep, ...]] = TypeAdapter(tuple[StartStep, ...])
_ACTOR = project_manager.ROLE.name


def _story(step: Step) -> Action:
    customer = step.args["customer"]
    return new_story(
        _DRAFT.validate_python(step.args["draft"]),
        rationale=f"{customer} needs it, and who speaks for {customer} put it on record.",
        impact="The backlog gets one more story; nothing is started by that.",
        rollback_plan="Cancel the story as long as nobody has started it.",
    )


def _start(step: Step) -> Action:
    args = step.args
    stories = _STEPS.validate_python(args["stories"])
    made = step.results.get(STORY, {}).get("reference")
    if made:
        stories = (*stories, StartStep(made, Priority(args["priority"]), Priority.P2, args["sprint"]))
    return StartStories(
        name=args["what"],
        stories=stories,
        rationale=args["case"],
        impact="These stories come before others from now on.",
        rollback_plan="Set the priorities back to what they were, and take the stories out of the sprint.",
    )


def _asks(step: Step) -> str:
    return f"Start “{step.args['what']}” for {step.args['customer']}"


async def _kept(step: Step, worker: Worker) -> Json:
    """Keep which story it became."""
    async with worker.transaction() as tx:
        row = await request_by_id(tx, step.args["request"], lock=True)
        row.story = str(step.results[STORY].get("reference") or "") or None
    return {}


async def _started(step: Step, worker: Worker) -> Json:
    """Work out by when it can be there, now that it is decided, and let the mail go that waited for it."""
    async with worker.transaction() as tx:
        row = await request_by_id(tx, step.args["request"])
        department = await read_department(tx)
        begins = await _begins_in(tx, row)
    today = worker.now().date()
    items = [item for item in (row.epic, row.story) if item is not None]
    work = await own_work(worker.ports.tracker, items)
    own: dict[str, int] = {}
    for story in work.left:
        own[story.team] = own.get(story.team, 0) + 1
    found = await expected_of(
        worker.ports.tracker, department, own, work.left, Priority.P1, today, row.needed_by
    )
    by = None if isinstance(found, NotEnoughHistory) else found.most
    first = await _first_day(worker, begins)
    account = await worker.ports.customers.account(EVERYTHING, row.account)
    async with worker.transaction() as tx:
        row = await request_by_id(tx, row.id, lock=True)
        row.state = "started"
        await draft_started(tx, row, account, first, by)
    return {"by": by.isoformat() if by else None}


async def _begins_in(tx: AsyncSession, row: CustomerRequestRow) -> frozenset[str]:
    """The sprints that its first stories went into."""
    start = (await steps_of(tx, row)).get("start")
    if start is None:
        return frozenset()
    stories = start.args["stories"]
    return frozenset(filter(None, (start.args["sprint"], *(one["sprint"] for one in stories))))


async def _first_day(worker: Worker, sprints: frozenset[str]) -> date | None:
    if not sprints:
        return None
    page = await worker.ports.tracker.sprints(SprintQuery(ids=sprints))
    return min((sprint.starts for sprint in page.items), default=None)


KINDS = (
    ActionStep(STORY_KIND, _ACTOR, _story),
    WorkStep(KEPT_KIND, _ACTOR, _kept, longest=timedelta(minutes=1)),
    ActionStep(START_KIND, _ACTOR, _start, asks=_asks),
    WorkStep(STARTED_KIND, _ACTOR, _started, longest=timedelta(minutes=5)),
)
