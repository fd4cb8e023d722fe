"""A plan whose stories are in the tracker, worked out anew: what is begun stays, what is open moves.

Estimates stand until work that they rest on is done: then they are worked out from that, too. Open stories are
scheduled into what the teams have free from today on, the rest of the sprint that runs included; where they
have a place that still holds and nothing ends earlier elsewhere, they keep it. Nothing changed changes nothing,
and what did change says why (`PlanDraft.because`). A story under way is taken to be done when its sprint ends,
for nobody knows how much of it is left.

CPU-bound, as `plan` is; the same input gives the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from agents.planning import figures
from agents.planning.budget import budget
from agents.planning.capacity import Free, free_hours
from agents.planning.draft import (
    HISTORY_NEEDED,
    DraftStory,
    Estimate,
    PlanDraft,
    Precedence,
    Scheduled,
    Unscheduled,
)
from agents.planning.estimates import estimate, past_accuracy
from agents.planning.forecast import forecast
from agents.planning.history import DoneWork
from agents.planning.ledger import Ledger
from agents.planning.reasons import why_moved, why_reestimated
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.schedule import Timetable, schedule, sprints_of
from agents.planning.targets import Outlook, misses
from agents.planning.waiting import Waiting, waits_now
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
    """`made` are the plan's stories in the tracker, by key; all of them are in `given.stories`.

    Raises ImpossibleChange where nothing is open, or there is nothing to estimate from.
    """
    given = replace(given, wanted_start=draft.wanted_start)
    by_id = {story.id: story for story in given.stories}
    standing = {key: by_id[story] for key, story in made.items() if story in by_id}
    waiting = _waiting(standing, given)
    anew, reasons = _estimated(draft, waiting, given)
    kept = _kept(draft, standing, waiting, given)
    own = {story.id for story in waiting.values()}
    free = free_hours(replace(given, stories=tuple(s for s in given.stories if s.id not in own)), running=True)
    waits = waits_now(draft, free, given)
    table = _scheduled(draft, anew, waiting, kept, waits, free, given)
    held = tuple(one for one in waits.held if one.story in waiting)
    stories = tuple(_as_it_stands(story, standing.get(story.key), anew) for story in draft.stories)
    counted = [s for s in stories if s.key in standing and standing[s.key].status is not StoryStatus.CANCELLED]
    lost = tuple(Unscheduled(s.key, "it was not made") for s in draft.stories if s.key not in standing)
    under_way = [place for place in kept if standing[place.story].status in _UNDER_WAY]
    known = past_accuracy(given.work())
    cost, moves = budget(counted, given), _moves(waiting, anew, table.scheduled)
    links = tuple(n for n in draft.precedences if n.story in waiting and n.after in waiting)
    seen = Outlook(tuple(anew.values()), links, free, table, cost, waits.not_before)
    moved = why_moved(draft, {m.key: m.was for m in moves if m.sprint != m.was}, table.scheduled, given)
    new = replace(
        draft,
        stories=stories,
        schedule=(*kept, *table.scheduled),
        unscheduled=(*table.unscheduled, *held, *lost),
        forecast=forecast(
            table, list(anew.values()), known, given.document.digest, [p.done for p in under_way]
        ),
        budget=cost,
        blockers=(
            *_blocked(draft, standing),
            *waits.told,
            *(f"{u.story} has no place: {u.why}." for u in table.unscheduled),
        ),
        changes=given.changes,
        sprints=sprints_of((*kept, *table.scheduled), free, given),
        gap_days=table.gap_days,
        because=(*reasons, *moved),
        misses=misses(draft.targets, seen, given),
    )
    new = replace(new, facts=_facts(new, tuple(anew.values()), standing, given))
    return Replanned(
        draft=new,
        moves=moves,
        done=sum(s.status is StoryStatus.DONE for s in standing.values()),
        under_way=sum(s.status in _UNDER_WAY for s in standing.values()),
        open=len(waiting),
        hours_used=_used(standing),
    )


def _waiting(standing: Mapping[str, Story], given: PlanningInput) -> dict[str, Story]:
    waiting = {key: story for key, story in standing.items() if story.status in _OPEN}
    if not waiting:
        raise ImpossibleChange(
            "Every story of it is done, under way or cancelled; nothing is left to schedule."
        )
    if len(given.done()) < HISTORY_NEEDED:
        raise ImpossibleChange("There is not enough history to estimate from.")
    return waiting


def _kept(
    draft: PlanDraft, standing: Mapping[str, Story], waiting: Mapping[str, Story], given: PlanningInput
) -> tuple[Scheduled, ...]:
    """The places of what is begun or over. A story under way is taken to be done on the day that it was planned
    for, and once that is past, with its sprint or the one that runs now."""
    sprints = {sprint.id: sprint for sprint in given.sprints}
    kept = []
    for place in draft.schedule:
        tracked = standing.get(place.story)
        if tracked is None or place.story in waiting:
            continue
        if tracked.status not in _UNDER_WAY or place.done >= given.today:
            kept.append(place)
            continue
        own = sprints.get(tracked.sprint or "")
        runs = [s for s in given.sprints if s.team == tracked.team and s.starts <= given.today < s.ends]
        holding = own if own is not None and own.ends > given.today else next(iter(runs), None)
        ends = holding.ends if holding is not None else given.today + timedelta(days=1)
        kept.append(replace(place, ends=ends, last=max(given.days.last_before(ends), given.today)))
    return tuple(kept)


def _scheduled(
    draft: PlanDraft,
    anew: Mapping[str, DraftStory],
    waiting: Mapping[str, Story],
    kept: Sequence[Scheduled],
    waits: Waiting,
    free: Mapping[str, Sequence[Free]],
    given: PlanningInput,
) -> Timetable:
    """The open stories in what is free today; where nothing is won by moving, in the sprints that they have."""
    links = [link for link in draft.precedences if link.story in waiting]
    done = {place.story: place.done for place in kept}
    not_before = _not_before(links, done, waits, given)
    held = {one.story for one in waits.held}
    stories = [story for story in anew.values() if story.key not in held]
    order = [key for key in given.changes.order if key in waiting]
    within = [link for link in links if link.after in waiting]
    found = schedule(stories, within, free, given, order, not_before)
    has = {key: story.sprint for key, story in waiting.items() if story.sprint}
    standing = schedule(stories, within, free, given, order, not_before, sprints=has)
    fewer = _moved(standing, waiting) < _moved(found, waiting)
    return standing if fewer and _as_good(standing, found) else found


def _not_before(
    links: Sequence[Precedence], done: Mapping[str, date], waits: Waiting, given: PlanningInput
) -> dict[str, date]:
    """What comes after a story under way begins on the day after that one is taken to be done; what waits for
    something outside the plan, when that is ready."""
    found: dict[str, date] = dict(waits.not_before)
    for link in links:
        if link.after in done and done[link.after] >= given.today:
            after = given.days.first_from(done[link.after] + timedelta(days=1))
            found[link.story] = max(found.get(link.story, after), after)
    return found


def _moved(table: Timetable, waiting: Mapping[str, Story]) -> int:
    """How many stories would get another sprint than they have."""
    places = {place.story: place.sprint for place in table.scheduled}
    return sum(places.get(key, "") != (story.sprint or "") for key, story in waiting.items())


def _as_good(standing: Timetable, found: Timetable) -> bool:
    """Whether the places that the stories have do as well: as many of them, and the last in the same sprint."""
    if len(standing.scheduled) < len(found.scheduled):
        return False
    last, other = (max((p.ends for p in table.scheduled), default=date.max) for table in (standing, found))
    return last <= other


def _estimated(
    draft: PlanDraft, waiting: Mapping[str, Story], given: PlanningInput
) -> tuple[dict[str, DraftStory], tuple[str, ...]]:
    """The open stories as they stand in the tracker, and why some of them are estimated anew."""
    drawn_up = max((fact.as_of for fact in draft.facts), default=given.as_of)
    work, earlier = given.work(), partial(_finished_by, drawn_up)
    before = DoneWork(earlier(given.done()), earlier(given.older))
    asked = {requirement.id: requirement.text for requirement in draft.requirements}
    found, reasons = {}, []
    for key, tracked in waiting.items():
        story = draft.story(key)
        words = ". ".join((story.title, story.i_want, *story.acceptance))
        about = " ".join((words, *(asked[name] for name in story.requirements if name in asked)))
        now = estimate(about, tracked.discipline, work)
        moved = tracked.discipline != story.discipline or not isinstance(story.estimate, Estimate)
        same = len(work.stories) == len(before.stories) or now == estimate(about, tracked.discipline, before)
        stands = story.estimate if same and not moved else now
        if stands != story.estimate:
            known = frozenset(s.id for s in earlier((*given.done(), *given.older)))
            reasons.append(why_reestimated(story, now, known))
        found[key] = replace(
            story,
            team=tracked.team,
            discipline=tracked.discipline,
            priority=tracked.priority,
            estimate=stands,
        )
    return found, tuple(reasons)


def _finished_by(moment: datetime, stories: Sequence[Story]) -> tuple[Story, ...]:
    return tuple(s for s in stories if s.finished and s.finished <= moment)


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
    given: PlanningInput,
) -> tuple[Fact, ...]:
    ledger = Ledger(given.as_of, given.document.path)
    asked = "the plan's stories"
    for name, statuses in (("done", {StoryStatus.DONE}), ("under way", _UNDER_WAY), ("open", _OPEN)):
        count = sum(story.status in statuses for story in standing.values())
        ledger.looked_up(f"{name} of the plan", count, "stories", f"{asked}, {name}")
    ledger.looked_up("hours used", _used(standing), "agent-hours", f"{asked}, actual hours")
    figures.estimated(ledger, anew, given)
    figures.scheduled(ledger, draft)
    figures.forecast(ledger, draft, given)
    figures.budget(ledger, draft.budget, anew)
    return ledger.facts()
