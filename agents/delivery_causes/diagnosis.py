"""The diagnosis: root causes told from their consequences, each with its cost, and when it will be done.

CPU-bound: call it from a thread, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from agents.delivery_causes.course_without import LONGEST_AHEAD, MOST_COSTED, Course
from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.finder import find
from agents.delivery_causes.findings import Cost, Diagnosis, Finding, Kind, Outlook
from integrations.tracker import Story, StoryStatus

MOST_SCHEDULED = 240
"""Stories that are scheduled; of a wider question those that are held up, what they wait for, and what waits
for them."""
_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


def diagnose(seen: Evidence) -> Diagnosis:
    """What holds up what is asked about. The same evidence gives the same diagnosis."""
    found = _of_own(find(seen), seen)
    by_key = {one.key: one for one in found}
    roots = [one for one in found if not _known(one, by_key)]
    behind = {one.key: _consequences(one.key, found, by_key) for one in roots}
    course = _course(seen, found, roots)
    table = course.table()
    standing = course.finishes(table)
    reach = {
        one.key: course.behind([*one.holds, *(id for f in behind[one.key] for id in f.holds)]) for one in roots
    }
    likeliest = sorted(roots, key=lambda one: (-len(reach[one.key]), one.since or seen.now, one.key))
    costs: dict[str, Cost] = {}
    for one in likeliest[:MOST_COSTED]:
        keys = [one.key, *(f.key for f in behind[one.key])]
        costs[one.key] = course.cost(keys, standing, len(reach[one.key] & seen.own))
    ordered = sorted(likeliest, key=lambda one: -(costs[one.key].days if one.key in costs else -1))
    return Diagnosis(
        tuple(ordered),
        behind,
        costs,
        course.outlook(table),
        _ready(seen, found),
        seen.unknown,
        _assumptions(seen),
    )


def outlook_once_ended(seen: Evidence, keys: Collection[str]) -> Outlook:
    """When it is done if the root causes of these keys, with what follows from them alone, end today."""
    found = _of_own(find(seen), seen)
    by_key = {one.key: one for one in found}
    roots = [one for one in found if not _known(one, by_key)]
    ended = {*keys, *(f.key for key in keys for f in _consequences(key, found, by_key))}
    course = _course(seen, found, roots)
    return course.outlook(course.table(ended=ended))


def _of_own(found: Sequence[Finding], seen: Evidence) -> tuple[Finding, ...]:
    """Those that hold up what is asked about, directly or behind others; and releases of it."""
    course = Course(seen, tuple(found))
    return tuple(
        one for one in found if one.kind is Kind.UNRELEASED or not course.behind(one.holds).isdisjoint(seen.own)
    )


def _known(one: Finding, by_key: Mapping[str, Finding]) -> tuple[str, ...]:
    return tuple(key for key in one.because if key in by_key)


def _consequences(key: str, found: Sequence[Finding], by_key: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """What follows from one finding alone: it would not be there without it. What has another cause besides
    stays."""
    gone = {key}
    while more := {
        one.key
        for one in found
        if one.key not in gone and (causes := _known(one, by_key)) and gone.issuperset(causes)
    }:
        gone |= more
    return tuple(one for one in found if one.key in gone and one.key != key)


def _course(seen: Evidence, found: Sequence[Finding], roots: Sequence[Finding]) -> Course:
    """The course of what is asked about. Of more stories than can be scheduled in time, of those that findings
    touch, the most important findings first."""
    whole = Course(seen, tuple(found))
    if len(whole.open) <= MOST_SCHEDULED:
        return whole
    kept: dict[str, Story] = {}
    ranked = sorted(roots, key=lambda one: (-len(whole.behind(one.holds)), one.key))
    for one in ranked:
        for id in sorted(whole.behind(one.holds), key=lambda id: (whole.open[id].priority, id)):
            if len(kept) < MOST_SCHEDULED:
                kept[id] = whole.open[id]
                kept |= {before: whole.open[before] for before in whole.after[id]}
    rest = tuple(story for id, story in whole.open.items() if id not in kept)
    less = replace(seen, stories=tuple(kept.values()), committed=(*seen.committed, *rest))
    return Course(less, tuple(found))


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
