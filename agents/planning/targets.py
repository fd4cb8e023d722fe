"""What the document wants by when against what the plan has: what is missed, why, and what would help.

A date is about the stories whose words it shares; about all of them where it speaks of the whole (a beta, a
launch, everywhere) or is the last one. What it shares no words with is not judged. The reason is looked for in
this order: a line of work has fewer free hours by then than the stories need; a chain of stories takes longer
even with nobody in its way; the work waits for its turn. What would meet it is found by trying (`remedies.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from agents.planning.capacity import Free
from agents.planning.course import Line
from agents.planning.draft import Budget, DraftStory, Miss, NotEnoughHistory, Precedence, Target
from agents.planning.milestones import Milestones, Stated
from agents.planning.remedies import Trial, hours_remedy, remedy
from agents.planning.request import PlanningInput
from agents.planning.schedule import Timetable
from agents.planning.terms import content_stems
from governance.moments import day_text

_WHOLE = re.compile(
    r"\b(?:beta|pilot|live|launch\w*|availability|ga|release\w*|production|deliver\w*|everywhere|all|open|first"
    r"|phase (?:one|two)|target|due|deadline|end|wanted|finish\w*|booked|probebetrieb|abnahme|prueba|toda)\b"
    r"|试点|推广",
    re.IGNORECASE,
)
_SHARED = 2
_MOST_STORIES = 6
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan as worked out, to be held against its document's targets."""

    stories: tuple[DraftStory, ...]
    links: tuple[Precedence, ...]
    free: Mapping[str, Sequence[Free]]
    table: Timetable
    budget: Budget | NotEnoughHistory
    not_before: Mapping[str, date] = field(default_factory=dict)


def targets(said: Milestones, plan: Outlook, given: PlanningInput) -> tuple[Target, ...]:
    """The document's dates and limit, as targets of these stories."""
    first = said.start or min((p.begins for p in plan.table.scheduled), default=given.starts)
    dated = [(stated, day) for stated in said.dates if (day := _day(stated, first, given)) is not None]
    last = max((day for _, day in dated), default=None)
    found = []
    for stated, day in dated:
        about = _about(stated, plan.stories, is_last=day == last)
        if about is not None:
            when = f"week {stated.when.weeks}" if stated.when.day is None else day_text(day)
            what = stated.what or "done"
            found.append(Target("date", what, when, stated.line, stated.quote, day=day, stories=about))
    if said.limit is not None:
        hours = f"{said.limit.hours:g} agent-hours"
        limit = said.limit
        found.append(Target("hours", "budget", hours, limit.line, limit.quote, hours=limit.hours))
    return tuple(found)


def _day(stated: Stated, first: date, given: PlanningInput) -> date | None:
    """The last working day that meets it; weeks end on the last working day of that week of work."""
    if stated.when.day is not None:
        return stated.when.day
    if stated.when.weeks is None:
        return None
    monday = first - timedelta(days=first.weekday())
    return given.days.last_before(monday + timedelta(weeks=stated.when.weeks))


def _about(stated: Stated, stories: Sequence[DraftStory], *, is_last: bool) -> tuple[str, ...] | None:
    """Keys of the stories that a date is about, empty for all; None where nobody can tell."""
    if is_last or not stated.what or _WHOLE.search(stated.what):
        return ()
    wanted = content_stems(stated.what)
    shared = {s.key: len(wanted & content_stems(f"{s.title} {s.i_want}")) for s in stories}
    most = max(shared.values(), default=0)
    if most < min(_SHARED, max(len(wanted), 1)):
        return None
    best = [key for key, count in shared.items() if count == most]
    return tuple(best) if len(best) <= _MOST_STORIES else None


def misses(found: Sequence[Target], plan: Outlook, given: PlanningInput) -> tuple[Miss, ...]:
    """The targets that the plan does not meet, in the document's order."""
    return tuple(miss for target in found if (miss := _miss(target, plan, given)) is not None)


def _miss(target: Target, plan: Outlook, given: PlanningInput) -> Miss | None:
    if target.hours is not None:
        if isinstance(plan.budget, NotEnoughHistory) or plan.budget.hours <= target.hours:
            return None
        over = plan.budget.hours - target.hours
        planned = f"{plan.budget.hours:g} agent-hours"
        why = f"the stories' medians add up to {over:g} more"
        return Miss(target, planned, why, hours_remedy(plan.stories, plan.links, over))
    places = {place.story: place for place in plan.table.scheduled}
    wanted = target.stories or tuple(s.key for s in plan.stories)
    done = max((places[key].done for key in wanted if key in places), default=None)
    if done is None or target.day is None or done <= target.day:
        return None
    needed = _with_earlier(wanted, plan.links)
    done_on = {key: place.done for key, place in places.items()}
    trial = Trial(
        plan.stories,
        plan.links,
        plan.free,
        wanted,
        target.day,
        given,
        plan.table.days,
        done_on,
        plan.not_before,
    )
    why = _why(target.day, [s for s in plan.stories if s.key in needed], plan, given)
    planned = f"scheduled to {day_text(done)}"
    if target.stories:
        verb = "is" if len(target.stories) == 1 else "are"
        planned = f"{', '.join(target.stories)} {verb} done on {day_text(done)} as scheduled"
    return Miss(target, planned, why, remedy(trial, _tight(target.day, needed, plan)))


def _with_earlier(keys: Sequence[str], links: Sequence[Precedence]) -> frozenset[str]:
    found, waiting = set(keys), list(keys)
    while waiting:
        key = waiting.pop()
        for link in links:
            if link.story == key and link.after not in found:
                found.add(link.after)
                waiting.append(link.after)
    return frozenset(found)


def _lines(day: date, keys: frozenset[str], plan: Outlook) -> Iterator[tuple[Line, float, float]]:
    """Lines of work with the hours that these stories need of them, and those free until a day's end."""
    until = plan.table.days.moment(day + timedelta(days=1))
    needed: dict[Line, float] = {}
    for s in plan.stories:
        if s.key in keys and (s.team, s.discipline) in plan.table.days.supplies:
            needed[s.team, s.discipline] = needed.get((s.team, s.discipline), 0.0) + s.hours
    for line, hours in needed.items():
        yield line, hours, plan.table.days.supplies[line].until(until)


def _tight(day: date, keys: frozenset[str], plan: Outlook) -> tuple[tuple[Line, float], ...]:
    """Lines of work in the order of how little is free in them, with the hours that they have too few."""
    rated = sorted(_lines(day, keys, plan), key=lambda line: line[2] / max(line[1], 0.25))
    return tuple((line, max(0.0, needed - free)) for line, needed, free in rated)


def _why(day: date, stories: Sequence[DraftStory], plan: Outlook, given: PlanningInput) -> str:
    names = {team.id: team.name for team in given.teams}
    keys = frozenset(s.key for s in stories)
    short = [(line, needed, free) for line, needed, free in _lines(day, keys, plan) if needed > free + 0.01]
    if short:
        (team, discipline), needed, free = min(short, key=lambda line: line[2] / line[1])
        return (
            f"{discipline} capacity of {names.get(team, team)}: {needed:g} agent-hours are needed by then,"
            f" {free:.0f} are free"
        )
    chain, ends = _chain(stories, plan)
    if ends > plan.table.days.moment(day + timedelta(days=1)) + 1e-6:
        named = " → ".join(chain if len(chain) <= _NAMED else (*chain[: _NAMED - 1], "…", chain[-1]))
        until = day_text(plan.table.days.last_day(ends))
        return f"{named} come one after the other and take until {until} with nothing else in their way"
    places = {place.story: place for place in plan.table.scheduled}
    last = max((s for s in stories if s.key in places), key=lambda s: places[s.key].done)
    return (
        f"{last.key} ends it: {last.discipline} work of {names.get(last.team, last.team)} waits for what it"
        " comes after, and for a sprint that holds it"
    )


def _chain(stories: Sequence[DraftStory], plan: Outlook) -> tuple[tuple[str, ...], float]:
    """The chain that ends last if nobody is in its way, and the moment at which it does."""
    by_key = {s.key: s for s in stories}
    gates = {line: _first_gate(line, plan) for line in plan.table.days.supplies}
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for task in plan.table.tasks:
        story = by_key.get(task.key)
        if story is None:
            continue
        earlier = [key for key in task.after if key in ends]
        begin = gates[task.line]
        if earlier:
            latest = max(earlier, key=lambda key: ends[key])
            if ends[latest] >= begin:
                before[task.key], begin = latest, ends[latest]
        supply = plan.table.days.supplies[task.line]
        ends[task.key] = supply.when(supply.until(begin) + story.hours)
    if not ends:
        return (), 0.0
    key = max(ends, key=lambda one: ends[one])
    chain, final = [key], ends[key]
    while chain[0] in before:
        chain.insert(0, before[chain[0]])
    return tuple(chain), final


def _first_gate(line: Line, plan: Outlook) -> float:
    sprints = plan.free.get(line[0], ())
    return plan.table.days.moment(sprints[0].sprint.starts) if sprints else 0.0
