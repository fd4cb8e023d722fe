"""A request's run: its story comes into the tracker, its start is asked for, and what was drafted for the
customer is let go once it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers.tables import CustomerRequestRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow, StepRow
from integrations.tracker import Priority, StoryDraft
from integrations.tracker.starting import StartStep
from storage.notices import notify

STORY, KEPT, START, STARTED = "story", "kept", "start", "started"
"""Keys of its steps."""

STORY_KIND, KEPT_KIND = "customer_story", "customer_story_kept"
START_KIND, STARTED_KIND = "customer_start", "customer_started"

_DRAFT: TypeAdapter[StoryDraft] = TypeAdapter(StoryDraft)
_STEPS: TypeAdapter[tuple[StartStep, ...]] = TypeAdapter(tuple[StartStep, ...])


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a request begins with: see RecordRequest."""

    customer: str
    story: StoryDraft | None
    start: tuple[StartStep, ...]
    priority: Priority
    sprint: str
    case: str


async def begin(
    tx: AsyncSession,
    row: CustomerRequestRow,
    what: Beginning,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> None:
    """Begin the run of a request that was approved; the row must be locked."""
    started = {"request": row.id, "what": row.what, "customer": what.customer}
    start = {
        **started,
        "stories": _STEPS.dump_python(what.start, mode="json"),
        "priority": what.priority.value,
        "sprint": what.sprint,
        "case": what.case,
    }
    steps: list[NewStep] = []
    if what.story is not None:
        draft = {**started, "draft": _DRAFT.dump_python(what.story, mode="json")}
        steps.append(NewStep(STORY, STORY_KIND, "Put its story into the backlog", draft))
        steps.append(NewStep(KEPT, KEPT_KIND, "Keep which story it is", started, (STORY,)))
    before = (STORY, KEPT) if steps else ()
    if what.start or what.story is not None:
        steps.append(NewStep(START, START_KIND, f"Start “{row.what}”", start, before))
        steps.append(NewStep(STARTED, STARTED_KIND, "Say when it can be there", started, (START,)))
    else:
        steps.append(NewStep(STARTED, STARTED_KIND, "Say when it can be there", started))
    row.run = runs.new_id()
    await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        row.what,
        steps,
        requester=requester,
        subject=f"customer_request:{row.id}",
        place=place,
        turn=turn,
        id=row.run,
    )


async def steps_of(tx: AsyncSession, row: CustomerRequestRow) -> dict[str, StepRow]:
    """The steps of a request's run, by their keys."""
    query = select(StepRow).where(StepRow.run == row.run).order_by(StepRow.position)
    found: Sequence[StepRow] = (
        (await tx.execute(query.execution_options(populate_existing=True))).scalars().all()
    )
    return {step.key: step for step in found}


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    request = (run.subject or "").removeprefix("customer_request:")
    await show_request(tx, request, place=run.place, turn=run.turn)


async def show_request(
    tx: AsyncSession,
    request: str,
    *,
    place: dict[str, Any] | None,
    turn: str | None = None,
    people: tuple[str, ...] = (),
) -> None:
    """Bring a request's card up to date where it is shown, and show it to these people."""
    ids = {"request": request, "key": f"customer_request:{request}"}
    await notify(tx, "customer_request", ids, place=place, people=people, turn=turn)


RUN = RunKind("customer_request", _changed)
