"""Lets the sample's teams work through two years: who took up what when, what was done, what waits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from examples.acme.story_words import Idea, Words
from examples.acme.working_time import WorkingTime
from governance.department import AgentRole, Department, Discipline, Team
from integrations.tracker import DefectOrigin, Priority, Stage, Story, StoryStatus

BEGINNING = datetime(2025, 1, 2, 14, 0, tzinfo=UTC)
FIRST_WORK = datetime(2025, 1, 6, 14, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
"""The history ends with this Friday's work."""
LANE_HOURS = 13.0
"""Agent-hours a week that one line of work has; a team has as many lines as its capacity fills."""
BUSY = 0.8
"""Share of the capacity that goes into stories."""
SENSITIVE = {"auth-service", "accounts", "payment-service", "payment-service-v2", "gateway-bridge"}
DEFECT_SOURCES = {"backend", "frontend", "data"}
WEIGHTS = {"P0": 4, "P1": 3, "P2": 2}
WAITS = (
    "Waits for a review by {team}",
    "Waits for an interface of {team}",
    "Waits for test data from {team}",
    "Waits for a decision of the product owner",
    "Staging is down",
    "Waits for an answer of the acquirer",
)


@dataclass(frozen=True)
class Wait:
    """A time in which a story stood still."""

    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True)
class Piece:
    """A story with what the tracker keeps beside it. Its id, epic and references are keys until numbered."""

    key: str
    story: Story
    scheduled: datetime | None = None
    waits: tuple[Wait, ...] = ()
    origin: DefectOrigin | None = None


def ramp(moment: date) -> float:
    """How much of its present capacity a team had then: half at the start, all since September 2026."""
    grown = (moment - date(2025, 1, 6)) / (date(2026, 9, 7) - date(2025, 1, 6))
    return 0.5 + 0.5 * min(1.0, max(0.0, grown))


class PastWork:
    """The work of all teams, from the first day to the last."""

    def __init__(self, department: Department, words: Words, clock: WorkingTime, chance: random.Random) -> None:
        self._department = department
        self._words = words
        self._clock = clock
        self._chance = chance
        self._count = 0

    def pieces(self) -> Iterator[Piece]:
        """Everything that was worked on, then everything that waits, team by team."""
        for team in self._department.teams:
            own: list[Piece] = []
            for discipline, hours in team.capacity.items():
                lanes = max(1, round(hours / LANE_HOURS))
                for _ in range(lanes):
                    own.extend(self._lane(team, discipline, hours / lanes))
            own.extend(self._waiting(team))
            yield from self._with_origins(own)

    def _lane(self, team: Team, discipline: Discipline, weekly: float) -> Iterator[Piece]:
        at = self._clock.after(FIRST_WORK, self._chance.uniform(0, 40))
        while at < NOW:
            idea = self._idea(team, discipline, at)
            pace = weekly * ramp(at.date()) * BUSY / self._clock.week
            finished = self._clock.after(at, idea.actual / pace)
            yield self._worked(idea, team, discipline, at, finished)
            at = self._clock.after(finished, self._chance.expovariate(1 / 6))

    def _idea(self, team: Team, discipline: Discipline, at: datetime) -> Idea:
        """Work on a present epic of the team, or where nothing is left of those, upkeep of an earlier one."""
        month = f"{at:%Y-%m}"
        begun = [theme for theme in self._words.themes if theme.team == team.id and theme.months[0] <= month]
        begun.sort(
            key=lambda theme: (theme.months[1] < month, -self._chance.random() * WEIGHTS[theme.priority])
        )
        for theme in begun:
            if self._words.has_left(theme, discipline):
                return self._words.idea(theme, discipline)
        raise LookupError(f"no words are left for {discipline} of {team.id} in {month}")

    def _worked(
        self, idea: Idea, team: Team, discipline: Discipline, started: datetime, finished: datetime
    ) -> Piece:
        done = finished <= NOW
        lead = timedelta(days=min(150.0, self._chance.lognormvariate(2.9, 0.7)))
        created = self._clock.within(max(started - lead, BEGINNING + self._minutes(1440)))
        scheduled = self._clock.within(created + (started - created) * self._chance.uniform(0.3, 0.95))
        story = replace(
            self._story(idea, team, discipline, created, done),
            status=StoryStatus.DONE if done else StoryStatus.IN_PROGRESS,
            assignee=self._assignee(team, discipline, started),
            actual_hours=idea.actual if done else None,
            started=started,
            finished=finished if done else None,
        )
        waits = self._waits(team, started, finished) if done and self._chance.random() < 0.08 else ()
        return Piece(story.id, story, min(scheduled, started), waits)

    def _story(self, idea: Idea, team: Team, discipline: Discipline, created: datetime, done: bool) -> Story:
        self._count += 1
        in_epic = f"{created:%Y-%m}" <= idea.theme.months[1] and self._chance.random() < 0.9
        customers = idea.theme.customers if self._chance.random() < 0.35 else ()
        return Story(
            id=f"{team.id}-{self._count}",
            title=idea.title,
            description=idea.description,
            acceptance=idea.acceptance,
            team=team.id,
            product=idea.theme.product,
            status=StoryStatus.BACKLOG,
            priority=self._priority(idea),
            epic=idea.theme.key if in_epic else None,
            discipline=discipline.value,
            estimate_hours=idea.estimate,
            actual_hours=None,
            customers=customers,
            labels=self._labels(idea, discipline, done),
            depends_on=(),
            blocked_reason=None,
            assignee=None,
            sprint=None,
            created=created,
            started=None,
            finished=None,
        )

    def _priority(self, idea: Idea) -> Priority:
        weights = {"P0": (12, 48, 30, 10), "P1": (3, 32, 48, 17), "P2": (1, 16, 52, 31)}[idea.theme.priority]
        return self._chance.choices(tuple(Priority), weights)[0]

    def _labels(self, idea: Idea, discipline: Discipline, done: bool) -> tuple[str, ...]:
        labels = list(idea.kind.labels)
        if idea.theme.pii and discipline.value in DEFECT_SOURCES and self._chance.random() < 0.55:
            labels.append("pii")
        sensitive = "pii" in labels or idea.theme.service in SENSITIVE
        if sensitive and "security-review" not in labels and self._chance.random() < 0.5:
            labels.append("security-review")
        if done and "security-review" in labels and self._chance.random() < 0.94:
            labels.append("security-reviewed")
        return tuple(labels)

    def _assignee(self, team: Team, discipline: Discipline, started: datetime) -> str:
        """An agent (`alpha/qa`) more and more often; before that mostly one of the team's people."""
        share = 0.15 + 0.75 * (started - FIRST_WORK) / (NOW - FIRST_WORK)
        if self._chance.random() < share:
            role = next(role for role in AgentRole if role.discipline is discipline)
            return f"{team.id}/{role.value}"
        return self._chance.choice([person.id for person in self._department.people if person.team == team.id])

    def _waits(self, team: Team, started: datetime, finished: datetime) -> tuple[Wait, ...]:
        since = self._clock.within(started + (finished - started) * self._chance.uniform(0.1, 0.5))
        until = self._clock.within(since + (finished - since) * self._chance.uniform(0.2, 0.7))
        other = self._chance.choice([known.name for known in self._department.teams if known.id != team.id])
        if not started < since < until < finished:
            return ()
        return (Wait(since, until, self._chance.choice(WAITS).format(team=other)),)

    def _with_origins(self, pieces: list[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            if "defect" not in piece.story.labels:
                yield piece
                continue
            created = piece.story.created
            before = [
                other.key
                for other in pieces
                if other.story.discipline in DEFECT_SOURCES
                and other.story.finished is not None
                and created - timedelta(days=120) < other.story.finished < created
            ]
            yield replace(piece, origin=self._origin(sorted(before)))

    def _origin(self, before: list[str]) -> DefectOrigin:
        stage = self._chance.choices((Stage.REQUIREMENTS, Stage.DESIGN, Stage.CODE), (12, 8, 80))[0]
        found = self._chance.choices((Stage.TEST, Stage.RELEASE, Stage.PRODUCTION), (66, 22, 12))[0]
        return DefectOrigin(self._chance.choice(before) if before else None, stage, found)

    def _waiting(self, team: Team) -> Iterator[Piece]:
        """The backlog, what is scheduled, and what was given up."""
        for position in range(14):
            discipline = self._chance.choices(tuple(team.capacity), tuple(team.capacity.values()))[0]
            idea = self._idea(team, discipline, NOW)
            created = self._clock.within(NOW - timedelta(days=self._chance.uniform(3, 160)))
            story = self._story(idea, team, discipline, created, done=False)
            if position < 5:
                scheduled = self._clock.within(created + (NOW - created) * self._chance.uniform(0.4, 0.9))
                yield Piece(story.id, replace(story, status=StoryStatus.SCHEDULED), scheduled)
            else:
                given_up = position >= 12
                yield Piece(story.id, replace(story, status=StoryStatus.CANCELLED) if given_up else story)

    def _minutes(self, most: float) -> timedelta:
        return timedelta(minutes=self._chance.uniform(0, most))
