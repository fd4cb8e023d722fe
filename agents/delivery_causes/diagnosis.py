"""The diagnosis: root causes told from their consequences, each with its cost, and when it will be done.

CPU-bound: call it from a thread, never on the event loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.delivery_causes.course_without import LONGEST_AHEAD, MOST_COSTED, Course
from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.finder import find
from agents.delivery_causes.findings import Cost, Diagnosis, Finding, Kind, Outlook
from integrations.tracker import Story, StoryStatus

MOST_SCHEDULED = 160
"""Stories that are scheduled; of a wider question those that are held up, what they wait for, and what waits
for them."""
_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


def diagnose(seen: Evidence) -> Diagnosis:
    """What holds up what is asked about. The same evidence gives the same diagnosis."""
    causes = _Causes.of(_of_own(find(seen), seen))
    course = _course(seen, causes)
    table = course.table()
    standing = course.finishes(table)
    reach = {one.key: _reach(one, causes, course) for one in causes.roots}
    likeliest = sorted(causes.roots, key=lambda one: (-len(reach[one.key]), one.since or seen.now, one.key))
    costs: dict[str, Cost] = {}
    for one in likeliest[:MOST_COSTED]:
        keys = [one.key, *(f.key for f in causes.follows[one.key])]
        costs[one.key] = course.cost(keys, standing, len(reach[one.key] & seen.own))
    ordered = sorted(likeliest, key=lambda one: -(costs[one.key].days if one.key in costs else -1))
    return Diagnosis(
        tuple(ordered),
        causes.follows,
        costs,
        course.outlook(table),
        _ready(seen, causes.found),
        seen.unknown,
        _assumptions(seen),
    )


def outlook_once_ended(seen: Evidence, keys: Collection[str]) -> Outlook:
    """When it is done if the root causes of these keys, with what follows from them alone, end today."""
    causes = _Causes.of(_of_own(find(seen), seen))
    ended = {*keys, *(f.key for key in keys for f in causes.follows.get(key, ()))}
    course = _course(seen, causes)
    return course.outlook(course.table(ended=ended))


@dataclass(frozen=True, slots=True)
class _Causes:
    """Findings, the root causes among them, and what follows from each of these alone."""

    found: tuple[Finding, ...]
    roots: tuple[Finding, ...]
    follows: Mapping[str, tuple[Finding, ...]]

    @classmethod
    def of(cls, found: tuple[Finding, ...]) -> _Causes:
        keys = {one.key for one in found}
        known = {one.key: tuple(key for key in one.because if key in keys) for one in found}
        effects: defaultdict[str, list[Finding]] = defaultdict(list)
        for one in found:
            for key in known[one.key]:
                effects[key].append(one)
        roots = tuple(one for one in found if not known[one.key])
        return cls(found, roots, {one.key: _consequences(one.key, known, effects) for one in roots})


def _consequences(
    key: str, known: Mapping[str, tuple[str, ...]], effects: Mapping[str, Sequence[Finding]]
) -> tuple[Finding, ...]:
    """What would not be there without one finding: all of whose causes are gone with it. What has another
    cause besides stays."""
    gone, found, waiting = {key}, [], list(effects.get(key, ()))
    while waiting:
        one = waiting.pop()
        if one.key not in gone and gone.issuperset(known[one.key]):
            gone.add(one.key)
            found.append(one)
            waiting.extend(effects.get(one.key, ()))
    return tuple(sorted(found, key=lambda one: one.key))


def _reach(one: Finding, causes: _Causes, course: Course) -> frozenset[str]:
    """The open stories that wait for the end of this one and of what follows from it."""
    follows = causes.follows[one.key]
    return course.behind([*one.holds, *(id for other in follows for id in other.holds)])


def _of_own(found: Sequence[Finding], seen: Evidence) -> tuple[Finding, ...]:
    """Those that hold up what is asked about, directly or behind others; and releases of it."""
    course = Course(seen, tuple(found))
    return tuple(
        one
        for one in found
        if one.kind is Kind.UNRELEASED
        or not seen.own.isdisjoint(one.holds)
        or not course.behind(one.holds).isdisjoint(seen.own)
    )


def _course(seen: Evidence, causes: _Causes) -> Course:
    """The course of what is asked about. Of more stories than can be scheduled in time, of those that findings
    touch, the most important findings first."""
    whole = Course(seen, causes.found)
    if len(whole.open) <= MOST_SCHEDULED:
        return whole
    kept: dict[str, Story] = {}
    reach = {one.key: _reach(one, causes, whole) for one in causes.roots}
    for one in sorted(causes.roots, key=lambda one: (-len(reach[one.key]), one.since or seen.now, one.key)):
        for id in sorted(reach[one.key], key=lambda id: (whole.open[id].priority, id)):
            if len(kept) < MOST_SCHEDULED:
                kept[id] = whole.open[id]
                kept |= {before: whole.open[before] for before in whole.after[id]}
        if len(kept) >= MOST_SCHEDULED:
            break
    rest = tuple(story for id, story in whole.open.items() if id not in kept)
    less = replace(seen, stories=tuple(kept.values()), committed=(*seen.committed, *rest))
    return Course(less, causes.found)


def _ready(seen: Evidence, found: Sequence[Finding]) -> tuple[str, ...]:
    """Teams with a part in what is asked about, and nothing of theirs open in it."""
    own = [one for one in seen.stories if one.id in seen.own]
    teams = {one.team for one in own if one.status is StoryStatus.DONE}
    return tuple(
        sorted(teams - {one.team for one in own if one.status not in _FINAL} - {f.team for f in found})
    )


def _assumptions(seen: Evidence) -> tuple[str, ...]:
    open_ones = [one for one in seen.stories if one.status not in _FINAL]
    unestimated = sum(one.estimate_hours is None for one in open_ones)
    found = [
        "What is under way needs half of its estimated hours still.",
        "What has no known end lasts as many working days again as it has lasted, at least one and at most"
        f" {LONGEST_AHEAD}.",
    ]
    if unestimated:
        found.append(
            f"{unestimated} of {len(open_ones)} open stories have no estimate: the median of their discipline"
            " is taken."
        )
    return tuple(found)
