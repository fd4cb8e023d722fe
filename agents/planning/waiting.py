"""Stories that rest on something that is not ready: from which day on they may begin, or that nobody can tell.

Something is ready when the open stories of its epic are done: those in a sprint by its end, the others at the
earliest when they fit into the hours that their teams have free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agents.planning.capacity import Free
from agents.planning.draft import OutsideDependency, PlanDraft, Precedence, Unscheduled
from agents.planning.request import PlanningInput
from agents.planning.spelled import mentions
from governance.moments import day_text
from integrations.tracker import Epic, Story, StoryStatus

_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Waiting:
    """`not_before` is the first day on which a story may begin; `held` are stories of which nobody can tell,
    with those that come after them, and why; `told` says of each thing that is not ready what waits for it."""

    not_before: Mapping[str, date]
    held: tuple[Unscheduled, ...]
    told: tuple[str, ...]


def waiting(
    outside: Sequence[OutsideDependency],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    given: PlanningInput,
) -> Waiting:
    """What waits for what is not ready. What nobody can tell the state of holds nothing up."""
    not_before: dict[str, date] = {}
    held: dict[str, str] = {}
    told: list[str] = []
    for one in outside:
        if one.ready is not False or not one.stories:
            continue
        ready = _ready_by(one, free, given)
        for key in one.stories:
            if ready is None:
                held.setdefault(key, f"it waits for {one.name}, and nobody can tell when that is ready")
            else:
                not_before[key] = max(ready, not_before.get(key, ready))
        told.append(_told(one, ready))
    _hold_followers(held, links)
    return Waiting(
        {key: day for key, day in not_before.items() if key not in held},
        tuple(Unscheduled(key, why) for key, why in held.items()),
        tuple(told),
    )


def waits_now(draft: PlanDraft, free: Mapping[str, Sequence[Free]], given: PlanningInput) -> Waiting:
    """The same for a plan under way: what was not ready when it was drawn up may be by now."""
    outside = [replace(one, ready=one.ready or _is_ready_now(one, given)) for one in draft.dependencies]
    return waiting(outside, draft.precedences, free, given)


def _is_ready_now(one: OutsideDependency, given: PlanningInput) -> bool | None:
    if one.kind == "epic":
        status = next((epic.status for epic in given.epics if epic.id == one.reference), None)
        return True if status is StoryStatus.DONE else one.ready
    found = next((service for service in given.services if service.id == one.reference), None)
    return True if found is not None and found.lifecycle == "production" else one.ready


def _told(one: OutsideDependency, ready: date | None) -> str:
    waits = f"{', '.join(one.stories)} {'waits' if len(one.stories) == 1 else 'wait'} for it"
    if ready is None:
        return (
            f"{one.name} is not ready ({one.status}), and nobody can tell when it will be; {waits} without a"
            " place. Have its open work scheduled, or leave them out."
        )
    return (
        f"{one.name} is not ready ({one.status}); {waits} until {day_text(ready)}, when it can be ready at the"
        " earliest."
    )


def _hold_followers(held: dict[str, str], links: Sequence[Precedence]) -> None:
    """Whatever comes after a story that is held is held as well."""
    while more := {link.story: link.after for link in links if link.after in held and link.story not in held}:
        for story, after in more.items():
            held[story] = f"it comes after {after}, which waits"


def _ready_by(one: OutsideDependency, free: Mapping[str, Sequence[Free]], given: PlanningInput) -> date | None:
    """The day after the last on which something is worked on; None where that cannot be told."""
    days = [_done_by(epic, free, given) for epic in epics_behind([one], given)]
    return None if not days or None in days else max(day for day in days if day is not None)


def epics_behind(outside: Sequence[OutsideDependency], given: PlanningInput) -> tuple[Epic, ...]:
    """The epics whose stories tell when these are ready."""
    ids = {one.reference for one in outside if one.kind == "epic"}
    others = [one for one in outside if one.kind != "epic"]
    return tuple(e for e in given.epics if e.id in ids or any(_is_about(e, one) for one in others))


def _is_about(epic: Epic, one: OutsideDependency) -> bool:
    return epic.status not in _FINAL and mentions(epic.title, (one.name, one.reference or ""))


def _done_by(epic: Epic, free: Mapping[str, Sequence[Free]], given: PlanningInput) -> date | None:
    left = [s for s in given.stories if s.epic == epic.id and s.status not in _FINAL]
    if not left or any(story.status is StoryStatus.BLOCKED for story in left):
        return None
    ends = {sprint.id: sprint.ends for sprint in given.sprints}
    placed = [ends.get(story.sprint, given.today) for story in left if story.sprint]
    rest = _fitted([story for story in left if not story.sprint], free)
    return None if rest is None else max(*placed, *rest, given.today)


def _fitted(stories: Sequence[Story], free: Mapping[str, Sequence[Free]]) -> list[date] | None:
    """The ends of the sprints by which the teams' hours for these stories are free; None for never."""
    needed: defaultdict[tuple[str, str], float] = defaultdict(float)
    for story in stories:
        if story.estimate_hours is None:
            return None
        needed[story.team, story.discipline] += story.estimate_hours
    found: list[date] = []
    for (team, discipline), hours in needed.items():
        left = hours
        for one in free.get(team, ()):
            left -= one.hours.get(discipline, 0.0)
            if left <= 0:
                found.append(one.sprint.ends)
                break
        else:
            return None
    return found
