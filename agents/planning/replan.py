"""A plan whose stories are in the tracker, worked out anew: what is begun stays, what is open moves.

Open stories are estimated from all that is done by now, this plan's own stories among it, and scheduled
into what the teams have free today. CPU-bound, as `plan` is; the same input gives the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.planning import figures
from agents.planning.budget import budget
from agents.planning.capacity import free_hours
from agents.planning.draft import (
    HISTORY_NEEDED,
    DraftStory,
    Estimate,
    NotEnoughHistory,
    PlanDraft,
    Scheduled,
    Unscheduled,
)
from agents.planning.estimates import estimate
from agents.planning.forecast import forecast, throughput
from agents.planning.history import DoneWork
from agents.planning.ledger import Ledger
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.schedule import schedule
from governance.facts import Fact
from integrations.tracker import Story, StoryStatus

_OPEN = frozenset({StoryStatus.BACKLOG, StoryStatus.SCHEDULED})
_UNDER_WAY = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Move:
    """One open story: the sprint (id, empty for none) and agent-hours that it gets, and what it has now."""

    key: str
    story: str
    status: StoryStatus
    sprint: str
    was: str
    hours: float
    was_hours: float | None


@dataclass(frozen=True, slots=True)
class Replanned:
    """The plan worked out anew, and what that changes in the tracker; `moves` is empty if nothing does.

    `hours_used` are the actual agent-hours of the plan's stories so far.
    """

    draft: PlanDraft
    moves: tuple[Move, ...]
    done: int
    under_way: int
    open: int
    hours_used: float


def replan(draft: PlanDraft, made: Mapping[str, str], given: PlanningInput) -> Replanned:
    """`made` are the plan's stories in the tracker, by key; `given.stories` are all of the tracker's.

    Raises ImpossibleChange where nothing is open, or there is nothing to estimate from.
    """
    by_id = {story.id: story for story in given.stories}
    standing = {key: by_id[story] for key, story in made.items() if story in by_id}
    waiting = {key: story for key, story in standing.items() if story.status in _OPEN}
    if not waiting:
        raise ImpossibleChange(
            "Every story of it is done, under way or cancelled; nothing is left to schedule."
        )
    if len(given.done()) < HISTORY_NEEDED:
        raise ImpossibleChange("There is not enough history to estimate from.")
    anew = _estimated(draft, waiting, given)
    own = {story.id for story in waiting.values()}
    free = free_hours(replace(given, stories=tuple(s for s in given.stories if s.id not in own)))
    links = [link for link in draft.precedences if link.story in waiting and link.after in waiting]
    order = [key for key in given.changes.order if key in waiting]
    places, left = schedule(list(anew.values()), links, free, order)
    stories = tuple(_as_it_stands(story, standing.get(story.key), anew) for story in draft.stories)
    rest = [s for s in stories if s.key in standing and standing[s.key].status in _OPEN | _UNDER_WAY]
    past = throughput(sorted({s.team for s in rest if s.team}), given)
    coming = past if isinstance(past, NotEnoughHistory) else forecast(rest, past, free, given)
    counted = [s for s in stories if s.key in standing and standing[s.key].status is not StoryStatus.CANCELLED]
    kept = tuple(place for place in draft.schedule if place.story in standing and place.story not in waiting)
    lost = tuple(Unscheduled(s.key, "it was not made") for s in draft.stories if s.key not in standing)
    new = replace(
        draft,
        stories=stories,
        schedule=(*kept, *places),
        unscheduled=(*left, *lost),
        forecast=coming,
        budget=budget(counted, given),
        blockers=(*_blocked(draft, standing), *(f"{u.story} has no place: {u.why}." for u in left)),
        changes=given.changes,
    )
    weeks = 0 if isinstance(past, NotEnoughHistory) else len(past[0].weekly)
    new = replace(new, facts=_facts(new, tuple(anew.values()), standing, weeks, given))
    return Replanned(
        draft=new,
        moves=_moves(waiting, anew, places),
        done=sum(s.status is StoryStatus.DONE for s in standing.values()),
        under_way=sum(s.status in _UNDER_WAY for s in standing.values()),
        open=len(waiting),
        hours_used=_used(standing),
    )


def _estimated(draft: PlanDraft, waiting: Mapping[str, Story], given: PlanningInput) -> dict[str, DraftStory]:
    """The open stories with today's estimates; team, discipline and priority are those of the tracker."""
    work = DoneWork(given.done())
    asked = {requirement.id: requirement.text for requirement in draft.requirements}
    found = {}
    for key, tracked in waiting.items():
        story = draft.story(key)
        words = ". ".join((story.title, story.i_want, *story.acceptance))
        about = " ".join((words, *(asked[name] for name in story.requirements if name in asked)))
        found[key] = replace(
            story,
            team=tracked.team,
            discipline=tracked.discipline,
            priority=tracked.priority,
            estimate=estimate(about, tracked.discipline, work),
        )
    return found


def _as_it_stands(story: DraftStory, tracked: Story | None, anew: Mapping[str, DraftStory]) -> DraftStory:
    """An open story as estimated anew, a done one with the hours that it took, any other as it was."""
    if tracked is None or story.key in anew:
        return anew.get(story.key, story)
    if tracked.status is StoryStatus.DONE and tracked.actual_hours and isinstance(story.estimate, Estimate):
        took = tracked.actual_hours
        return replace(story, estimate=replace(story.estimate, p50=took, low=took, high=took, evidence=()))
    return story


def _moves(
    waiting: Mapping[str, Story], anew: Mapping[str, DraftStory], places: Sequence[Scheduled]
) -> tuple[Move, ...]:
    sprints = {place.story: place.sprint for place in places}
    moves = [
        Move(
            key,
            tracked.id,
            tracked.status,
            sprints.get(key, ""),
            tracked.sprint or "",
            anew[key].hours,
            tracked.estimate_hours,
        )
        for key, tracked in waiting.items()
    ]
    return tuple(move for move in moves if (move.sprint, move.hours) != (move.was, move.was_hours))


def _blocked(draft: PlanDraft, standing: Mapping[str, Story]) -> tuple[str, ...]:
    return tuple(
        f"{link.story} waits for {link.after}, which is blocked: {standing[link.after].blocked_reason}."
        for link in draft.precedences
        if link.story in standing
        and standing[link.story].status in _OPEN
        and link.after in standing
        and standing[link.after].status is StoryStatus.BLOCKED
    )


def _used(standing: Mapping[str, Story]) -> float:
    return sum(story.actual_hours or 0.0 for story in standing.values())


def _facts(
    draft: PlanDraft,
    anew: tuple[DraftStory, ...],
    standing: Mapping[str, Story],
    weeks: int,
    given: PlanningInput,
) -> tuple[Fact, ...]:
    ledger = Ledger(given.as_of, given.document.path)
    asked = "the plan's stories"
    for name, statuses in (("done", {StoryStatus.DONE}), ("under way", _UNDER_WAY), ("open", _OPEN)):
        count = sum(story.status in statuses for story in standing.values())
        ledger.looked_up(f"{name} of the plan", count, "stories", f"{asked}, {name}")
    ledger.looked_up("hours used", _used(standing), "agent-hours", f"{asked}, actual hours")
    figures.estimated(ledger, anew, given)
    figures.scheduled(ledger, draft.schedule, draft.unscheduled)
    figures.forecast(ledger, draft.forecast, weeks)
    figures.budget(ledger, draft.budget, anew)
    return ledger.facts()
