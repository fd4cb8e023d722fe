"""Why a story may be late: what can be established of it, the weightiest first, and what would change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import exp

from agents.delivery.feature_work import FeatureWork, away
from agents.delivery.lateness import Late, Work, known_from
from governance.department import Department
from governance.moments import day_text
from integrations.tracker import Story, StoryStatus
from integrations.tracker.lines import plain_line

FEWEST_DONE = 5
"""Done stories under which nothing is said of who knows a kind of work."""
NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason, where it is from, and what would change it."""

    text: str
    source: str
    remedy: str


def causes(late: Late, found: FeatureWork, works: Mapping[str, Work], department: Department) -> list[Cause]:
    """Of one story."""
    story = late.work.story
    return [
        *_blocked(story, found),
        *_waits(story, works, department),
        *_away(late, department),
        *_crowded(late, works, found, department),
        *_unknown(story),
        *_spread(found, department, story),
    ]


def _blocked(story: Story, found: FeatureWork) -> Iterator[Cause]:
    since = found.blocked.get(story.id)
    if since is not None:
        why = plain_line(story.blocked_reason or "no reason is noted")[:200]
        yield Cause(
            f"blocked since {day_text(since)}: {why}",
            f"tracker: history of {story.id}",
            "Settle what blocks it.",
        )


def _waits(story: Story, works: Mapping[str, Work], department: Department) -> Iterator[Cause]:
    for id in story.depends_on:
        if (before := works.get(id)) is not None:
            team = _team(before.story.team, department)
            state = before.story.status.value.replace("_", " ")
            yield Cause(
                f"waits for {id} ({team}, {state})",
                f"tracker: what {story.id} depends on",
                f"Agree a day for {id} with {team}, or cut the tie.",
            )


def _away(late: Late, department: Department) -> Iterator[Cause]:
    story = late.work.story
    name = next((one.name for one in department.people if one.id == story.assignee), "")
    for first, last in away(story, department):
        if first <= late.due and last >= _first_day(late.work, late.due):
            yield Cause(
                f"{name}, who holds it, is away from {day_text(first)} to {day_text(last)}",
                "department file: absences",
                f"Let somebody else take it before {day_text(first)}.",
            )


def _first_day(work: Work, due: date) -> date:
    return work.story.started.date() if work.story.started is not None else min(due, work.due or due)


def _crowded(
    late: Late, works: Mapping[str, Work], found: FeatureWork, department: Department
) -> Iterator[Cause]:
    """More is taken on in its sprint than the team's discipline has hours for."""
    story, sprint = late.work.story, found.sprints.get(late.work.story.sprint or "")
    if sprint is None:
        return
    team = department.team(story.team)
    whole = sum(team.capacity.values()) or 1.0
    own = next((hours for one, hours in team.capacity.items() if one.value == story.discipline), 0.0)
    hours = sprint.capacity_hours * own / whole
    known = {one.id: one for one in (*found.committed, *(work.story for work in works.values()))}
    taken = [
        one
        for one in known.values()
        if one.sprint == sprint.id and one.discipline == story.discipline and one.team == story.team
    ]
    wanted = sum(
        (one.estimate_hours or 0.0) / (2 if one.status is StoryStatus.IN_PROGRESS else 1) for one in taken
    )
    if wanted > hours:
        yield Cause(
            f"{sprint.name} has {hours:.0f} hours of {story.discipline}, and {_stories(len(taken))}"
            f" {wanted:.0f} (half of what is under way)",
            f"tracker: open stories of {sprint.id}",
            f"Move other {story.discipline} work out of {sprint.name}.",
        )


def _unknown(story: Story) -> Iterator[Cause]:
    if not story.estimate_hours:
        yield Cause("it has no estimate", f"tracker: {story.id}", "Estimate it.")
    if story.sprint is None:
        yield Cause("it has no sprint", f"tracker: {story.id}", "Give it a sprint.")


def _spread(found: FeatureWork, department: Department, story: Story) -> Iterator[Cause]:
    done = [one for one in found.done if one.team == story.team and one.actual_hours and one.estimate_hours]
    known = known_from(done)
    if known.covered is None:
        return
    low, high = exp(known.quantile(0.1)), exp(known.quantile(0.9))
    if high >= 1.3:
        yield Cause(
            f"eight of ten stories of {_team(story.team, department)} took {low:.1f} to {high:.1f} times their"
            f" estimate ({len(done)} done ones)",
            "tracker: hours of done stories",
            "Split it, or begin it earlier.",
        )


def known_by_one(found: FeatureWork, department: Department) -> list[Cause]:
    """Kinds of the feature's open work that nearly always the same person did."""
    said = []
    people = {one.id: one.name for one in department.people}
    for team, discipline in sorted({(story.team, story.discipline) for story in found.open}):
        done = [s.assignee for s in found.done if (s.team, s.discipline) == (team, discipline) and s.assignee]
        if len(done) < FEWEST_DONE:
            continue
        who, count = Counter(done).most_common(1)[0]
        if who in people and count >= NEARLY_ALL * len(done):
            said.append(
                Cause(
                    f"{people[who]} did {count} of the last {len(done)} {discipline} stories of"
                    f" {_team(team, department)}",
                    "tracker: who held done stories",
                    "Let a second person work on one of them.",
                )
            )
    return said


def _stories(count: int) -> str:
    return "1 story that needs" if count == 1 else f"{count} stories that need"


def _team(team: str, department: Department) -> str:
    return next((one.name for one in department.teams if one.id == team), team)
