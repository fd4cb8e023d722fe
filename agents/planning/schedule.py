"""A schedule: a place for every story that has one, and a reason for every other.

A story lies in one sprint of its team, or in none; one that fits into no single sprint lies in two or three
that follow each other. Hours, holidays and commitments, order and days are those of `course.py`, the model
that the forecast runs too: with every story at its median hours, work goes on exactly as scheduled. A story
without a place leaves those that come after it without one.

Aims, in this order: as few stories as possible without a place (the important ones first), the earliest
finish, then important stories early. See `solver.py` for how. CPU-bound: call it from a thread, never on the
event loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from agents.planning.capacity import Free
from agents.planning.course import Horizon, Task, horizon
from agents.planning.draft import DraftStory, PlanSprint, Precedence, Scheduled, Unscheduled
from agents.planning.placing import Place, Window, windows
from agents.planning.request import PlanningInput
from agents.planning.solver import Problem, solve
from agents.planning.working_days import WorkingDays
from integrations.tracker import Sprint


@dataclass(frozen=True, slots=True)
class Timetable:
    """Places, and what the forecast needs to run them: `tasks` are in the order in which they are begun.

    `gap_days` is by how many working days the schedule may be longer than the shortest possible.
    """

    scheduled: tuple[Scheduled, ...]
    unscheduled: tuple[Unscheduled, ...]
    tasks: tuple[Task, ...]
    days: Horizon
    gap_days: int
    sprints: tuple[PlanSprint, ...]

    @property
    def ends(self) -> date | None:
        """The working day on which the last story is done; None if nothing has a place."""
        return max((place.done for place in self.scheduled), default=None)


def schedule(
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    given: PlanningInput,
    order: Sequence[str] = (),
    not_before: Mapping[str, date] | None = None,
    sprints: Mapping[str, str] | None = None,
    tries: int | None = None,
    days: Horizon | None = None,
) -> Timetable:
    """Places for the stories, and for those without one the reason. `order` are keys wanted first to last;
    `not_before` are the first days of stories that wait for something that is no story here, `sprints` (ids)
    the only sprints in which a story may begin, `days` the horizon of `free` where it is known already."""
    days = days or horizon(free, given)
    within = {s.key: windows(s, free.get(s.team, ()), days) for s in stories if s.estimate.kind == "estimate"}
    if sprints is not None:
        within = {key: _only(found, sprints.get(key)) for key, found in within.items()}
    keys = {s.key for s in stories}
    after = {s.key: tuple(link.after for link in links if link.story == s.key) for s in stories}
    after = {key: tuple(one for one in before if one in keys) for key, before in after.items()}
    possible = _possible(stories, within, after)
    waiting = {key: days.moment(day) for key, day in (not_before or {}).items()}
    problem = Problem(
        possible,
        after,
        {s.key: within[s.key] for s in possible},
        days,
        tuple(key for key in order if key in {s.key for s in possible}),
        waiting,
    )
    solution = solve(problem, tries)
    places = solution.places
    scheduled = tuple(_scheduled(s, places[s.key], days) for s in stories if s.key in places)
    left = tuple(
        Unscheduled(s.key, _why(s, after, places, free, bool(within.get(s.key))))
        for s in stories
        if s.key not in places
    )
    return Timetable(
        scheduled,
        left,
        _tasks(possible, places, after, waiting),
        days,
        max(0, ceil(solution.ends - solution.bound - 1e-6)),
        sprints_of(scheduled, free, given),
    )


def _only(found: Sequence[Window], sprint: str | None) -> tuple[Window, ...]:
    return tuple(window for window in found if sprint is None or window.sprints[0].id == sprint)


def _possible(
    stories: Sequence[DraftStory], within: Mapping[str, Sequence[object]], after: Mapping[str, tuple[str, ...]]
) -> tuple[DraftStory, ...]:
    """Those that some sprint could hold, and all that they come after as well."""
    possible = {s.key for s in stories if within.get(s.key)}
    while lost := {key for key in possible if any(one not in possible for one in after[key])}:
        possible -= lost
    return tuple(s for s in stories if s.key in possible)


def _scheduled(story: DraftStory, place: Place, days: Horizon) -> Scheduled:
    first, last = days.first_day(place.begins), days.last_day(place.ends)
    sprints = place.window.sprints
    if len(sprints) > 1:  # of those that could hold it, the ones in which it is worked on
        sprints = tuple(s for s in sprints if s.starts <= last and s.ends > first)
    return Scheduled(story.key, sprints[0].id, story.team, sprints[0].starts, sprints[-1].ends, first, last)


def _tasks(
    stories: Sequence[DraftStory],
    places: Mapping[str, Place],
    after: Mapping[str, tuple[str, ...]],
    not_before: Mapping[str, float],
) -> tuple[Task, ...]:
    placed = sorted(
        (s for s in stories if s.key in places), key=lambda s: (places[s.key].begins, places[s.key].ends)
    )
    return tuple(
        Task(
            s.key,
            (s.team, s.discipline),
            max(places[s.key].window.opens, not_before.get(s.key, 0.0)),
            after[s.key],
        )
        for s in placed
    )


def _why(
    story: DraftStory,
    after: Mapping[str, tuple[str, ...]],
    places: Mapping[str, Place],
    free: Mapping[str, Sequence[Free]],
    fits: bool,
) -> str:
    sprints = free.get(story.team, ())
    most = max((f.hours.get(story.discipline, 0.0) for f in sprints), default=0.0)
    if story.estimate.kind == "not_enough_history":
        return "it has no estimate: there is not enough history"
    if not story.team:
        return f"no team works in {story.discipline}"
    if not sprints:
        return f"{story.team} has no sprint planned from the start on"
    if most <= 0:
        return f"{story.team} has no free hours for {story.discipline}"
    if not fits:
        return f"it needs {story.hours:g} hours, and no sprint of {story.team} has more than {most:.0f} free"
    waiting = [key for key in after[story.key] if key not in places]
    if waiting:
        return f"it comes after {', '.join(waiting)}, which has no place"
    return f"the sprints of {story.team} up to {sprints[-1].sprint.name} are full"


def sprints_of(
    places: Sequence[Scheduled], free: Mapping[str, Sequence[Free]], given: PlanningInput
) -> tuple[PlanSprint, ...]:
    """The sprints of the plan's teams from the first story to the last, in order, each once.

    They are called as the company calls them, less the team's name where several teams share one.
    """
    if not places:
        return ()
    first, last = min(place.starts for place in places), max(place.ends for place in places)
    names = {team.id: team.name for team in given.teams}
    teams = {place.team for place in places}
    known = {f.sprint.id: f.sprint for team in teams for f in free.get(team, ())}
    known |= {sprint.id: sprint for sprint in given.sprints if sprint.team in teams}
    within = [sprint for sprint in known.values() if sprint.starts < last and sprint.ends > first]
    spans = sorted({(sprint.starts, sprint.ends) for sprint in within})
    return tuple(
        PlanSprint(
            _name([s for s in within if (s.starts, s.ends) == span], names), *span, _last(*span, given.days)
        )
        for span in spans
    )


def _last(starts: date, ends: date, days: WorkingDays) -> date:
    """A sprint's last working day; its last day of all where it has none."""
    return max(days.last_before(ends), starts)


def _name(sprints: Sequence[Sprint], teams: Mapping[str, str]) -> str:
    plain = [sprint.name.removeprefix(teams.get(sprint.team, "")).lstrip(" ,:–-") for sprint in sprints]
    found = " / ".join(dict.fromkeys(plain)) or sprints[0].id
    return found[:1].upper() + found[1:]
